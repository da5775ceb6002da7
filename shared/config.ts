/**
 * Command line and environment -> one frozen, typed configuration, or every problem at once.
 * A flag is declared once; parsing, `--help` and the tables in docs/ all come from that declaration.
 */
import { parseArgs } from "node:util";
import type { Definition, Flag, Flags, Program, Values } from "./flags.ts";
import { environmentName, missingFlag } from "./flags.ts";
import { renderHelp } from "./help.ts";

/** What a command line turned out to ask for. */
export type CommandLine<F extends Flags> =
  | { readonly kind: "config"; readonly values: Values<F> }
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "version" };

/** Where the values come from. */
export interface Sources {
  /** The arguments after the program's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Reads a secret's file; throws as `readFileSync` does. */
  readonly readFile: (path: string) => string;
}

/** A command line or environment that cannot be used. `problems` holds one line for each fault. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`Cannot use the configuration: ${problems.join("; ")}`);
    this.problems = problems;
  }
}

/**
 * Reads the command line, then the environment, then the defaults.
 * Throws {@link ConfigError} with every problem found.
 */
export function readConfig<F extends Flags>(
  definition: Definition<F>,
  sources: Sources,
): CommandLine<F> {
  const line = readArguments(definition.flags, sources.argv);
  if (line.asked === "help") return { kind: "help", text: renderHelp(definition) };
  if (line.asked === "version") return { kind: "version" };

  const problems = [...line.problems];
  const raw = rawValues(definition, sources, { ...line, problems });
  const values = parseValues(definition, { raw, broken: line.broken }, problems);
  if (problems.length === 0) problems.push(...(definition.check?.(values as Values<F>) ?? []));
  problems.push(...(definition.inspect?.(values as Partial<Values<F>>) ?? []));
  if (problems.length > 0) throw new ConfigError(problems);
  return { kind: "config", values: Object.freeze(values as Values<F>) };
}

interface RawValue {
  readonly text: string;
  /** How a message names the value: `--proxy-port` or `SIDECAR_PROXY_PORT`. */
  readonly source: string;
  readonly secret: boolean;
}

interface Arguments {
  asked?: "help" | "version";
  readonly given: Map<string, RawValue>;
  /** Flags that were given in a faulty way: reported already, so neither parsed nor missed. */
  readonly broken: Set<string>;
  readonly problems: Set<string>;
}

/** What the command line knows: each spelling of a flag, and how the parser must treat it. */
function spellings(flags: Flags) {
  const keys = new Map<string, string>();
  const options: Record<string, { type: "string" | "boolean"; short?: string }> = {
    help: { type: "boolean", short: "h" },
    version: { type: "boolean" },
  };
  for (const [key, flag] of Object.entries(flags)) {
    if (flag.secret) continue;
    for (const name of [flag.flag, ...(flag.aliases ?? [])]) {
      keys.set(name, key);
      options[name] = {
        type: flag.bare === undefined ? "string" : "boolean",
        ...(flag.short !== undefined && name === flag.flag && { short: flag.short }),
      };
    }
  }
  return { keys, options };
}

function readArguments(flags: Flags, argv: readonly string[]): Arguments {
  const { keys, options } = spellings(flags);
  const result: Arguments = { given: new Map(), broken: new Set(), problems: new Set() };
  // Not strict, so that one run over the tokens finds every fault rather than the first.
  const settings = { options, strict: false, allowPositionals: true, tokens: true } as const;
  // Where the value of an unknown flag would stand: it belongs to that fault and is none of its own.
  let afterUnknown = -1;
  for (const token of parseArgs({ args: [...argv], ...settings }).tokens) {
    if (token.kind === "positional") {
      if (token.index !== afterUnknown) {
        result.problems.add(`"${token.value}": unexpected argument`);
      }
    } else if (token.kind === "option") {
      const known = takeOption(result, { keys, flags }, token);
      if (known) continue;
      result.problems.add(unknownFlag(argv[token.index] ?? token.rawName, flags));
      afterUnknown = token.index + 1;
    }
  }
  return result;
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

/** False if there is no such flag. */
function takeOption(
  result: Arguments,
  { keys, flags }: { readonly keys: ReadonlyMap<string, string>; readonly flags: Flags },
  token: OptionToken,
): boolean {
  if (token.name === "help" || token.name === "version") {
    result.asked ??= token.name;
    return true;
  }
  const key = keys.get(token.name);
  if (key === undefined) return false;
  const before = flags[key]?.repeatable ? result.given.get(key) : undefined;
  takeValue(result, key, { ...token, value: token.value ?? flags[key]?.bare });
  const given = result.given.get(key);
  if (before && given) result.given.set(key, { ...given, text: `${before.text},${given.text}` });
  return true;
}

function takeValue(result: Arguments, key: string, token: OptionToken): void {
  const { rawName: source, value: text, inlineValue } = token;
  // The parser would take a following flag as the value: `--host --port 1`.
  if (text === undefined || (inlineValue === false && text.startsWith("--"))) {
    result.problems.add(`${source}: needs a value`);
    result.broken.add(key);
  } else {
    result.given.set(key, { text, source, secret: false });
  }
}

function unknownFlag(argument: string, flags: Flags): string {
  const name = argument.split("=")[0] ?? argument;
  const bare = name.replace(/^-+/, "").toLowerCase();
  const near = Object.values(flags).find(
    ({ flag, secret }) => !secret && flag.replaceAll(/[-.]/g, "") === bare.replaceAll(/[-._]/g, ""),
  );
  return `${name}: unknown flag${near ? `, did you mean --${near.flag}?` : ""}`;
}

/** The text of every flag that was given in one way or the other. */
function rawValues(
  program: Program,
  sources: Sources,
  line: { given: Map<string, RawValue>; broken: Set<string>; problems: string[] },
): Map<string, RawValue> {
  const raw = new Map(line.given);
  for (const [key, flag] of Object.entries(program.flags)) {
    if (raw.has(key) || line.broken.has(key)) continue;
    const value = fromEnvironment(program, flag, sources);
    if (typeof value === "string") {
      line.problems.push(value);
      line.broken.add(key);
    } else if (value !== undefined) {
      raw.set(key, value);
    }
  }
  return raw;
}

/** The variable's value, nothing, or a problem as text. */
function fromEnvironment(
  program: Program,
  flag: Flag<unknown>,
  sources: Sources,
): RawValue | string | undefined {
  const name = environmentName(program.prefix, flag);
  const secret = flag.secret === true;
  // An empty variable counts as unset: that is how a manifest leaves one out.
  const text = sources.env[name] || undefined;
  const file = secret ? sources.env[`${name}_FILE`] || undefined : undefined;
  if (text !== undefined && file !== undefined) {
    return `${name} and ${name}_FILE: only one of the two may be set`;
  }
  if (text !== undefined) return { text, source: name, secret };
  if (file === undefined) return undefined;
  try {
    // Editors and `kubectl create secret --from-file` leave a newline at the end.
    const content = sources.readFile(file).replace(/\r?\n$/, "");
    return { text: content, source: `${name}_FILE`, secret };
  } catch (error) {
    return `${name}_FILE "${file}": cannot be read (${errorCode(error)})`;
  }
}

function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}

function parseValues(
  program: Program,
  { raw, broken }: { raw: ReadonlyMap<string, RawValue>; broken: ReadonlySet<string> },
  problems: string[],
): Readonly<Record<string, unknown>> {
  const values: Record<string, unknown> = {};
  const faulty: string[] = [];
  for (const [key, flag] of Object.entries(program.flags)) {
    if (broken.has(key)) continue;
    const given = raw.get(key);
    const text = given?.text ?? flag.default;
    if (text === undefined) {
      if (flag.optional !== undefined) values[key] = undefined;
      else problems.push(missingFlag(flag, program.prefix));
      continue;
    }
    const result = flag.schema.safeParse(text);
    if (result.success) values[key] = result.data;
    else faulty.push(...faultsOf(key, given, result.error.issues));
  }
  problems.push(...faulty);
  return values;
}

function faultsOf(
  key: string,
  given: RawValue | undefined,
  issues: readonly { readonly message: string }[],
): readonly string[] {
  return issues.map(({ message }) => {
    if (given === undefined) throw new RangeError(`Default of ${key}: ${message}`);
    return `${given.source}${given.secret ? "" : ` "${given.text}"`}: ${message}`;
  });
}
