/** The command line of the bench -> what to measure and how long. */
import { parseArgs } from "node:util";

export interface Options {
  /** What to measure. */
  readonly component: string;
  /** How often everything is measured; the medians are over these. */
  readonly rounds: number;
  /** Length of one run of load, in seconds. */
  readonly seconds: number;
  /** Where the numbers go as JSON. */
  readonly json: string | undefined;
  /** The compiled component. */
  readonly executable: string;
}

/** A command line that makes no sense; the message says what does. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** How to call the bench of one of these components. */
export function usage(components: readonly string[]): string {
  return `Usage: bun bench/main.ts ${components.join("|")} [--rounds N] [--seconds S] [--json FILE] [--executable FILE]`;
}

/** Throws {@link UsageError}. */
export function readOptions(argv: readonly string[], components: readonly string[]): Options {
  const { values, positionals } = parse(argv);
  const [component = "", ...others] = positionals;
  if (others.length > 0 || !components.includes(component)) {
    const only = components.join(", ");
    throw new UsageError(`The component to measure is missing or unknown: only ${only}`);
  }
  return {
    component,
    rounds: wholeNumber("--rounds", values.rounds),
    seconds: wholeNumber("--seconds", values.seconds),
    json: values.json,
    executable: values.executable ?? `dist/${component}`,
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        rounds: { type: "string", default: "5" },
        seconds: { type: "string", default: "2" },
        json: { type: "string" },
        executable: { type: "string" },
      },
    });
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function wholeNumber(flag: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= 60) return value;
  throw new UsageError(`${flag}: "${text}" is not a whole number from 1 to 60`);
}
