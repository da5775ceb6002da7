/** What is wrong at a path of a configuration file -> a line for whoever wrote it, without any secret. */
import type { z } from "zod";
import { isObject } from "../ktcloud/answer.ts";
import { nearestWord } from "../nearest.ts";
import type { Path } from "../yaml-text.ts";
import { knownKeys } from "./file-schema.ts";

/** A problem, and where it is. */
export interface FileIssue {
  readonly path: Path;
  readonly message: string;
  /** Whether the key or the value is meant; the value by default, and then it is shown. */
  readonly at?: "key" | "value";
}

/** The keys whose values a message may show. What stands at any other may be a misplaced password. */
const SHOWN: ReadonlySet<PropertyKey> = new Set([
  "name",
  "id_file",
  "password_file",
  "api_url",
  "zone",
  "dialect",
  "include",
  "exclude",
  "timeout",
  "concurrency",
  "spacing",
]);

const MAX_SHOWN = 80;

/** What the schema found, one issue for each unknown key. */
export function schemaIssues(issues: readonly z.core.$ZodIssue[]): readonly FileIssue[] {
  return issues.flatMap((issue): FileIssue[] => {
    if (issue.code !== "unrecognized_keys") return [{ path: issue.path, message: issue.message }];
    return issue.keys.map((key) => {
      const near = nearestWord(key, knownKeys(issue.path.length));
      const message = `unknown key${near ? `, did you mean ${near}?` : ""}`;
      return { path: [...issue.path, key], message, at: "key" };
    });
  });
}

/** `accounts[0].zones[1].dialect "foo": must be …` */
export function describeIssue(issue: FileIssue, file: unknown): string {
  const { words, value } = follow(issue, file);
  const shown = value === undefined ? "" : ` ${value}`;
  return `${words === "" ? "" : `${words}${shown}: `}${issue.message}`;
}

/** The path as far as the file has it: where text stands for a mapping or a list, it ends there. */
function follow({ path, at }: FileIssue, file: unknown): { words: string; value?: string } {
  let part = file;
  let words = "";
  for (const step of path) {
    if (Array.isArray(part)) {
      words += `[${String(step)}]`;
      part = part[Number(step)];
    } else if (isObject(part)) {
      words += `${words === "" ? "" : "."}${keyWord(String(step))}`;
      part = part[String(step)];
    } else break;
  }
  const key = path.findLast((step) => typeof step === "string");
  const value = at === "key" || key === undefined || !SHOWN.has(key) ? undefined : shownValue(part);
  return value === undefined ? { words } : { words, value };
}

/** `{password:secret}` makes one key of both: a key is shown only if it is a mere word. */
function keyWord(key: string): string {
  return /^[A-Za-z_-]{1,30}$/.test(key) ? key : "…";
}

function shownValue(value: unknown): string | undefined {
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") {
    return undefined;
  }
  const text = String(value);
  // A URL with user and password.
  if (/:\/\/.*@/s.test(text)) return undefined;
  return JSON.stringify(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text);
}
