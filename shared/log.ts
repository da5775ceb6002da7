/** Events -> lines on stderr, as JSON objects or as logfmt, in the shape that Go's slog gives them. */
import { writeSync } from "node:fs";
import type { Flag } from "./flags.ts";
import { oneOf } from "./values.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFormat = "json" | "text";

/** Values beside the message. Keys are lower_snake_case; an Error is written as its message and causes. */
export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Takes one whole line with its newline. Default: stderr. */
  readonly write?: (line: string) => void;
  readonly now?: () => Date;
}

/** The two flags that every component has, also in the spelling of Prometheus itself. */
export const logFlags = {
  logLevel: {
    flag: "log-level",
    aliases: ["log.level"],
    placeholder: "LEVEL",
    default: "info",
    help: "Least severe messages to log: debug, info, warn or error.",
    schema: oneOf(["debug", "info", "warn", "error"]),
  },
  logFormat: {
    flag: "log-format",
    aliases: ["log.format"],
    placeholder: "FORMAT",
    default: "text",
    help: "Shape of a log line: text (logfmt) or json.",
    schema: oneOf(["text", "json"]),
  },
} as const satisfies Record<string, Flag<unknown>>;

const SEVERITY: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** A logger that drops what is below `level`. */
export function createLogger(options: LogOptions): Logger {
  const { level, format, write = writeStderr, now = () => new Date() } = options;
  const render = format === "json" ? renderJson : renderText;
  const at =
    (severity: LogLevel) =>
    (msg: string, fields: LogFields = {}) => {
      if (SEVERITY[severity] < SEVERITY[level]) return;
      const event = { time: now().toISOString(), level: severity.toUpperCase(), msg, ...fields };
      write(`${render(event)}\n`);
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** The message of a failure, with the messages of its causes after colons. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const text = error.message === "" ? error.name : error.message;
  return error.cause === undefined ? text : `${text}: ${describeError(error.cause)}`;
}

function writeStderr(line: string): void {
  // Synchronous on purpose: what process.stderr.write has queued is lost at process.exit().
  try {
    writeSync(2, line);
  } catch {
    // A reader of stderr that went away or is full must not end the program.
  }
}

function renderJson(event: LogFields): string {
  return JSON.stringify(event, (_key, value: unknown) => plainValue(value));
}

function renderText(event: LogFields): string {
  const pairs = Object.entries(event).map(([key, value]) => {
    const shown = plainValue(value);
    return `${key}=${quoted(typeof shown === "string" ? shown : (JSON.stringify(shown) ?? ""))}`;
  });
  return pairs.join(" ");
}

function plainValue(value: unknown): unknown {
  if (value instanceof Error) return describeError(value);
  return typeof value === "bigint" ? value.toString() : value;
}

function quoted(text: string): string {
  return /^[\w./:@+,-]+$/.test(text) ? text : JSON.stringify(text);
}
