/**
 * Text from a flag or a variable -> a checked value: the schemas that all components share.
 * Each says what is allowed in words that end a sentence beginning "must be".
 */
// The functional build of zod: a sidecar stands in every pod, and this one takes less of its memory.
import * as z from "zod/mini";

/** A schema that takes the text of a flag and gives a `T`. */
export type TextSchema<T> = z.ZodMiniType<T, string>;

/**
 * Builds a schema from a parser that returns `undefined` for text that it does not accept.
 * `allowed` completes "must be …".
 */
export function parsed<T>(allowed: string, parse: (text: string) => T | undefined): TextSchema<T> {
  return z.transform((text: string, context): T => {
    const value = parse(text.trim());
    if (value === undefined) {
      context.issues.push({ code: "custom", message: `must be ${allowed}`, input: text });
      return z.NEVER;
    }
    return value;
  });
}

/** A whole number in `[min, max]`, decimal digits only. */
export function wholeNumber(min: number, max: number) {
  return parsed(`a whole number from ${min} to ${max}`, (text) => {
    if (!/^\d{1,15}$/.test(text)) return undefined;
    const value = Number(text);
    return value >= min && value <= max ? value : undefined;
  });
}

/** A TCP port to listen on, 0 to 65535; 0 takes a free one. */
export function listenPort() {
  return wholeNumber(0, 65_535);
}

/** A TCP port to connect to, 1 to 65535. */
export function targetPort() {
  return wholeNumber(1, 65_535);
}

/** Text that is not empty after trimming. */
export function nonEmpty() {
  return parsed("text that is not empty", (text) => (text === "" ? undefined : text));
}

/** One of a fixed set of words, compared to the letter. */
export function oneOf<const T extends string>(words: readonly T[]) {
  return parsed(`one of ${words.join(", ")}`, (text) => words.find((word) => word === text));
}

const DURATION = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+)ms)?$/;

const UNITS_MS = [3_600_000, 60_000, 1000, 1];

/**
 * A duration as Prometheus and Go write it: `30s`, `1m30s`, `500ms`, `2h`. Gives milliseconds.
 * A bare number is refused, because nobody can tell its unit.
 */
export function duration(minMs: number, maxMs: number) {
  const allowed = `a duration from ${formatDuration(minMs)} to ${formatDuration(maxMs)}, such as 30s or 1m30s`;
  return parsed(allowed, (text) => {
    const match = DURATION.exec(text);
    if (match === null || text === "") return undefined;
    const ms = UNITS_MS.reduce((sum, unit, i) => sum + unit * Number(match[i + 1] ?? 0), 0);
    return ms >= minMs && ms <= maxMs ? Math.round(ms) : undefined;
  });
}

/** Milliseconds in the shortest form that `duration` reads back: 90000 is `1m30s`. */
export function formatDuration(ms: number): string {
  if (ms % 1000 !== 0) return `${ms}ms`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor((ms % 3_600_000) / 60_000);
  const seconds = (ms % 60_000) / 1000;
  const text = `${hours ? `${hours}h` : ""}${minutes ? `${minutes}m` : ""}${seconds ? `${seconds}s` : ""}`;
  return text === "" ? "0s" : text;
}

/** Where a listener binds. `host` `::` is every address, IPv4 and IPv6. */
export interface BindAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * `:8080`, `127.0.0.1:8080`, `[::1]:8080` or a bare `8080`; `0` turns the listener off and gives
 * `null`, as in controller-runtime. Without a host: every address.
 */
export function bindAddress() {
  return parsed(
    "an address to listen on such as :8080, 127.0.0.1:8080 or [::1]:8080, or 0 for none",
    parseBindAddress,
  );
}

/** As {@link bindAddress}, for a listener that cannot be turned off. */
export function requiredBindAddress() {
  return parsed(
    "an address to listen on such as :8080, 127.0.0.1:8080 or [::1]:8080",
    (text) => parseBindAddress(text) ?? undefined,
  );
}

const ADDRESS = /^(?:(?:\[(?<ipv6>[0-9a-fA-F:.%]+)\]|(?<name>[^:[\]\s]*)):)?(?<port>\d{1,5})$/;

function parseBindAddress(text: string): BindAddress | null | undefined {
  if (text === "0") return null;
  const groups = ADDRESS.exec(text)?.groups;
  const port = Number(groups?.port ?? Number.NaN);
  if (groups === undefined || !(port <= 65_535)) return undefined;
  return { host: groups.ipv6 || groups.name || "::", port };
}

/** An absolute http or https URL without credentials, query or fragment; a trailing slash is dropped. */
export function httpUrl() {
  return parsed("an http:// or https:// URL without user, query or fragment", (text) => {
    const url = URL.parse(text);
    if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) return undefined;
    if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
      return undefined;
    }
    return url.href.replace(/\/+$/, "");
  });
}

/** Any text, also none. */
export function optionalText() {
  return parsed("text", (text) => text);
}
