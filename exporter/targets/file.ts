/** The configuration file -> one target for each account and zone, or every problem with its line. */
import { dirname, resolve } from "node:path";
import { ConfigError } from "../../shared/config.ts";
import { parseYamlText, type SyntaxFault, type YamlText } from "../yaml-text.ts";
import {
  type IdentifiedAccount,
  issuesBetween,
  type RawAccount,
  rawAccounts,
  sharedIssues,
} from "./file-checks.ts";
import { describeIssue, type FileIssue, schemaIssues } from "./file-issues.ts";
import { type AccountEntry, fileSchema, type ZoneEntry } from "./file-schema.ts";
import { MAX_FILE_BYTES, readFailure } from "./small-file.ts";
import type { Target, TargetDefaults, TargetSet } from "./target.ts";

/** More would hide the first ones, in a terminal as in a log. */
const MAX_PROBLEMS = 50;

/** Reads a file as text; throws as `readFileSync` does. */
export type ReadFile = (path: string) => string;

/**
 * Reads and checks the file and every file of a secret that it names, relative to its own directory.
 * Throws {@link ConfigError} with at most 50 problems, each `path:LINE:COLUMN: …`, none with a secret.
 */
export function readTargetFile(
  path: string,
  defaults: TargetDefaults,
  readFile: ReadFile,
): TargetSet {
  const yaml = parseYamlText(readText(path, readFile));
  if (yaml.kind === "faulty") {
    const { faults } = yaml;
    throw problemsOf(path, faults);
  }
  const parsed = fileSchema.safeParse(yaml.value);
  const accounts = rawAccounts(yaml.value);
  const secrets = accounts.map((account) => readSecrets(account, dirname(resolve(path)), readFile));
  const issues = [
    ...schemaIssues(parsed.error?.issues ?? []),
    ...issuesBetween(accounts),
    ...secrets.flatMap((secret) => secret.issues),
    ...sharedIssues(secrets),
  ];
  if (!parsed.success || issues.length > 0) {
    const found = issues.slice(0, MAX_PROBLEMS).map((issue) => {
      const message = describeIssue(issue, yaml.value);
      return { ...place(yaml, issue), message };
    });
    throw problemsOf(path, found, issues.length);
  }
  const targets = parsed.data.accounts.flatMap((account, index) =>
    account.zones.map((zone) => target(zone, { account, secrets: secrets[index] }, defaults)),
  );
  const files = [resolve(path), ...secrets.flatMap((secret) => secret.files)];
  return { targets, files: [...new Set(files)] };
}

function readText(path: string, readFile: ReadFile): string {
  let text: string;
  try {
    text = readFile(path);
  } catch (error) {
    throw new ConfigError([`${path}: cannot be read (${readFailure(error)})`]);
  }
  if (Buffer.byteLength(text) <= MAX_FILE_BYTES) return text;
  throw new ConfigError([`${path}: is larger than ${MAX_FILE_BYTES} bytes`]);
}

/** In the order of the file. */
function problemsOf(
  path: string,
  faults: readonly SyntaxFault[],
  count = faults.length,
): ConfigError {
  const problems = faults
    .slice(0, MAX_PROBLEMS)
    .sort((a, b) => a.line - b.line || a.column - b.column)
    .map(({ line, column, message }) => `${path}:${line}:${column}: ${message}`);
  const rest = count - problems.length;
  return new ConfigError(rest > 0 ? [...problems, `${path}: and ${rest} more`] : problems);
}

function place(yaml: Extract<YamlText, { kind: "value" }>, { path, at }: FileIssue) {
  return at === "key" ? yaml.keyAt(path) : yaml.valueAt(path);
}

/** What an account logs in with. */
interface Secrets extends IdentifiedAccount {
  readonly password: string | undefined;
  readonly issues: readonly FileIssue[];
  readonly files: readonly string[];
}

function readSecrets(account: RawAccount, directory: string, readFile: ReadFile): Secrets {
  const issues: FileIssue[] = [];
  const files: string[] = [];
  const read = (key: string): string | undefined => {
    const direct = account.entry[key];
    const file = account.entry[`${key}_file`];
    // Anything else is a problem that is told elsewhere.
    if (typeof direct === "string") return direct;
    if (typeof file !== "string" || file.trim() === "") return undefined;
    const path = resolve(directory, file.trim());
    files.push(path);
    const found = readSecret(path, readFile);
    if ("text" in found) return found.text;
    issues.push({ path: ["accounts", account.index, `${key}_file`], message: found.problem });
    return undefined;
  };
  return { account, id: read("id")?.trim(), password: read("password"), issues, files };
}

function readSecret(path: string, readFile: ReadFile): { text: string } | { problem: string } {
  try {
    // Editors and `kubectl create secret --from-file` leave a newline at the end.
    const text = readFile(path).replace(/\r?\n$/, "");
    return text === "" ? { problem: "is empty" } : { text };
  } catch (error) {
    return { problem: `cannot be read (${readFailure(error)})` };
  }
}

interface Owner {
  readonly account: AccountEntry;
  readonly secrets: Secrets | undefined;
}

/** The zone's own word, else the account's, else the default. */
function target(zone: ZoneEntry, { account, secrets }: Owner, defaults: TargetDefaults): Target {
  const { id, password } = secrets ?? {};
  // Not possible once there is no issue; an empty password must never be tried.
  if (id === undefined || password === undefined) throw new TypeError("An account has no secrets");
  const apiUrl = account.api_url ?? defaults.apiUrl;
  const credentials = { account: id, password };
  const settings = { ...defaults, ...own(account), ...own(zone), apiUrl };
  return { account: account.name, zone: zone.zone, credentials, ...settings };
}

/** What is said at that place, under the names that a target has for it. */
function own(entry: AccountEntry | ZoneEntry): Partial<TargetDefaults> {
  const { dialect, include, exclude, concurrency, timeout: timeoutMs, spacing: spacingMs } = entry;
  const all = { dialect, include, exclude, concurrency, timeoutMs, spacingMs };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}
