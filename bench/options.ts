/** The command line of the bench -> what to measure and how long. */
import { parseArgs } from "node:util";

export interface Options {
  /** How often everything is measured; the medians are over these. */
  readonly rounds: number;
  /** Length of one run of load, in seconds. */
  readonly seconds: number;
  /** Where the numbers go as JSON. */
  readonly json: string | undefined;
  /** The compiled sidecar. */
  readonly executable: string;
}

/** A command line that makes no sense; the message says what does. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export const USAGE =
  "Usage: bun bench/main.ts sidecar [--rounds N] [--seconds S] [--json FILE] [--executable FILE]";

/** Throws {@link UsageError}. */
export function readOptions(argv: readonly string[]): Options {
  const { values, positionals } = parse(argv);
  if (positionals.length !== 1 || positionals[0] !== "sidecar") {
    throw new UsageError("The component to measure is missing or unknown: only sidecar");
  }
  return {
    rounds: wholeNumber("--rounds", values.rounds),
    seconds: wholeNumber("--seconds", values.seconds),
    json: values.json,
    executable: values.executable,
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
        executable: { type: "string", default: "dist/sidecar" },
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
