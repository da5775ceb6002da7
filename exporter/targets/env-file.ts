/** A `.env` -> the exporter's own variables in it, in the syntax of python-dotenv, without expansion of `${…}`. */
import { ConfigError } from "../../shared/config.ts";
import { readFailure } from "./small-file.ts";

const NAMES = ["CLOUD_ID", "CLOUD_PASSWORD", "CLOUD_ZONE"] as const;

/** The variables that may stand in a `.env`: the only ones that are taken from it. */
export const ENV_FILE_NAMES: readonly string[] = NAMES.flatMap((name) => [name, `${name}_FILE`]);

export type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Reads the file. One that does not exist gives nothing, unless it is `required`. Throws {@link ConfigError}
 * for one that cannot be read, and with the number of every line that cannot, never its content.
 */
export function readEnvFile(
  path: string,
  { required }: { readonly required: boolean },
  readFile: (path: string) => string,
): Variables {
  let text: string;
  try {
    text = readFile(path);
  } catch (error) {
    const code = readFailure(error);
    if (!required && (code === "ENOENT" || code === "ENOTDIR")) return {};
    throw new ConfigError([`--env-file "${path}": cannot be read (${code})`]);
  }
  const { variables, faults } = parseEnvText(text);
  if (faults.length > 0) {
    throw new ConfigError(faults.map(({ line, message }) => `${path}:${line}: ${message}`));
  }
  return Object.fromEntries(
    ENV_FILE_NAMES.filter((name) => variables.has(name)).map((name) => [name, variables.get(name)]),
  );
}

/**
 * The environment, and from the file what it lacks. A variable and its `_FILE` are one: where the
 * environment has either, the file's are left aside. An empty variable counts as unset.
 */
export function withVariables(env: Variables, file: Variables): Variables {
  const added = NAMES.filter((name) => !env[name] && !env[`${name}_FILE`]).flatMap((name) =>
    [name, `${name}_FILE`].map((variable) => [variable, file[variable]] as const),
  );
  return { ...env, ...Object.fromEntries(added.filter(([, value]) => value !== undefined)) };
}

interface EnvText {
  readonly variables: ReadonlyMap<string, string>;
  readonly faults: readonly { readonly line: number; readonly message: string }[];
}

/** One after the other, each only where the one before ended. `[^\S\r\n]` is a blank within a line. */
const SKIPPED = /(?:\s+|#[^\r\n]*)+/y;
const NAME = /(?:export[^\S\r\n]+)?(?:'([^'\r\n]+)'|([^\s=#']+))[^\S\r\n]*=[^\S\r\n]*/y;
const SINGLE = /'([^'\\]*(?:\\[^][^'\\]*)*)'/y;
const DOUBLE = /"([^"\\]*(?:\\[^][^"\\]*)*)"/y;
const PLAIN = /[^\r\n]*/y;
const END = /[^\S\r\n]*(?:#[^\r\n]*)?(?=[\r\n]|$)/y;

const MAX_FAULTS = 50;

/** Parses the text. The last of several lines for one variable counts. */
export function parseEnvText(source: string): EnvText {
  const text = source.replace(/^\uFEFF/, "");
  const variables = new Map<string, string>();
  const faults: { line: number; message: string }[] = [];
  let at = matchAt(SKIPPED, text, 0)?.end ?? 0;
  while (at < text.length && faults.length < MAX_FAULTS) {
    const entry = readEntry(text, at);
    if ("message" in entry) faults.push({ line: lineAt(text, at), message: entry.message });
    else variables.set(entry.name, entry.value);
    const end = "message" in entry ? (matchAt(PLAIN, text, at)?.end ?? at) : entry.end;
    at = matchAt(SKIPPED, text, end)?.end ?? end;
  }
  return { variables, faults };
}

type Entry =
  | { readonly name: string; readonly value: string; readonly end: number }
  | { readonly message: string };

function readEntry(text: string, at: number): Entry {
  const head = matchAt(NAME, text, at);
  if (head === undefined) return { message: "is not of the form NAME=value" };
  const value = readValue(text, head.end);
  if (value === undefined) return { message: "the closing quote is missing" };
  const end = matchAt(END, text, value.end);
  if (end === undefined) return { message: "something follows the closing quote" };
  return { name: head.groups.join(""), value: value.text, end: end.end };
}

function readValue(text: string, at: number): { text: string; end: number } | undefined {
  const [quote] = text.slice(at, at + 1);
  if (quote === "'" || quote === '"') {
    const quoted = matchAt(quote === "'" ? SINGLE : DOUBLE, text, at);
    if (quoted === undefined) return undefined;
    return { text: unescape(quoted.groups.join(""), quote), end: quoted.end };
  }
  const plain = matchAt(PLAIN, text, at);
  const raw = text.slice(at, plain?.end);
  // Only after a blank: `p#ss` is a password.
  return { text: raw.replace(/\s+#.*/, "").trimEnd(), end: at + raw.length };
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/** Between single quotes only quotes and backslashes are escaped; what is no escape stays as it is. */
function unescape(text: string, quote: string): string {
  const pattern = quote === "'" ? /\\([\\'])/g : /\\([\\'"abfnrtv])/g;
  return text.replaceAll(pattern, (_escape, letter: string) => ESCAPES[letter] ?? letter);
}

function matchAt(
  pattern: RegExp,
  text: string,
  at: number,
): { readonly groups: readonly string[]; readonly end: number } | undefined {
  pattern.lastIndex = at;
  const match = pattern.exec(text);
  if (match === null) return undefined;
  return { groups: match.slice(1).map((group) => group ?? ""), end: at + match[0].length };
}

function lineAt(text: string, at: number): number {
  return text.slice(0, at).split(/\r\n|\r|\n/).length;
}
