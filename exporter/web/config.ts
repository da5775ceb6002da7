/** Text of a web configuration -> checked fields with what is worth a warning, or every problem with its line. */
import type { z } from "zod";
import { nearestWord } from "../nearest.ts";
import { parseYamlText } from "../yaml-text.ts";
import { type Finding, judge } from "./judge.ts";
import { keysAt, type WebFields, webSchema } from "./schema.ts";

/** What a file says. */
export type WebConfig =
  | {
      readonly kind: "usable";
      readonly fields: WebFields;
      /** What is allowed, but will not do what its author may expect. */
      readonly warnings: readonly string[];
      /** Begins a message about a field: `web.yml:3: tls_server_config.cert_file`. */
      readonly describe: (path: readonly string[]) => string;
    }
  | { readonly kind: "unusable"; readonly problems: readonly string[] };

/** Reads a file's text. `name` is how messages call the file. No message quotes a key, a hash or a password. */
export function readWebConfig(name: string, text: string): WebConfig {
  const yaml = parseYamlText(text, { scalars: "text" });
  if (yaml.kind === "faulty") {
    const problems = yaml.faults.map(({ line, message }) => `${name}:${line}: ${message}`);
    return { kind: "unusable", problems };
  }
  // A file without anything in it is one that asks for nothing.
  const value = yaml.value ?? {};
  const describe = (path: readonly PropertyKey[]) => {
    const where = `${name}:${yaml.keyAt(path).line}`;
    return path.length === 0 ? where : `${where}: ${path.map(String).join(".")}`;
  };
  const parsed = webSchema.safeParse(value);
  if (!parsed.success) {
    const problems = parsed.error.issues.flatMap((issue) => problemsOf(issue, value, describe));
    return { kind: "unusable", problems };
  }
  const findings = judge(parsed.data);
  const messages = (severity: Finding["severity"]) =>
    findings
      .filter((finding) => finding.severity === severity)
      .map(({ path, message }) => `${describe(path)}: ${message}`);
  const problems = messages("problem");
  if (problems.length > 0) return { kind: "unusable", problems };
  return { kind: "usable", fields: parsed.data, warnings: messages("warning"), describe };
}

function problemsOf(
  issue: z.core.$ZodIssue,
  value: unknown,
  describe: (path: readonly PropertyKey[]) => string,
): string[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      const near = nearestWord(key, keysAt(issue.path));
      return `${describe([...issue.path, key])}: unknown key${near ? `, did you mean ${near}?` : ""}`;
    });
  }
  // A user's name that is none is an issue inside of this one.
  const messages = issue.code === "invalid_key" ? issue.issues : [issue];
  const shown = quote(valueAt(value, issue.path), issue.path);
  const where = issue.path.length === 0 ? `${describe([])}: the file` : describe(issue.path);
  return messages.map(({ message }) => `${where}${shown}: ${message}`);
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, step) =>
      typeof inner === "object" && inner !== null ? Reflect.get(inner, step) : undefined,
    value,
  );
}

/** A short text, in quotes; nothing for what is secret, long, or no text. */
function quote(value: unknown, path: readonly PropertyKey[]): string {
  const secret = path[0] === "basic_auth_users" || path[1] === "key";
  if (secret || typeof value !== "string" || value.length > 80) return "";
  return ` ${JSON.stringify(value)}`;
}
