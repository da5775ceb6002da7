/** One account in one zone, as everything that collects is told of it. */
import type { Credentials } from "../ktcloud/auth.ts";
import type { DialectChoice } from "../ktcloud/dialects.ts";
import type { ZoneName } from "../ktcloud/zones.ts";
import { compilePattern } from "./pattern.ts";

/** One account in one zone. */
export interface Target {
  /** Value of the label `account`; undefined without a configuration file: then there is no such label. */
  readonly account: string | undefined;
  readonly zone: ZoneName;
  /** Base URL of the cloud's API, without the zone. */
  readonly apiUrl: string;
  readonly credentials: Credentials;
  readonly dialect: DialectChoice;
  /** Regular expressions that a load balancer's whole name must match (any of them), empty: all. */
  readonly include: readonly string[];
  /** Regular expressions whose matches are left out, also of what `include` names. */
  readonly exclude: readonly string[];
  /** Deadline of one call in milliseconds. */
  readonly timeoutMs: number;
  /** How many calls may be in flight at a time. */
  readonly concurrency: number;
  /** Least time from the start of one call to that of the next, in milliseconds. */
  readonly spacingMs: number;
}

/** What a target has where nothing else is said. */
export type TargetDefaults = Pick<
  Target,
  "apiUrl" | "dialect" | "include" | "exclude" | "timeoutMs" | "concurrency" | "spacingMs"
>;

/** All targets, and where they came from. */
export interface TargetSet {
  readonly targets: readonly Target[];
  /** Files it was read from, absolute. */
  readonly files: readonly string[];
}

/**
 * Whether a load balancer of that name is exported. Expressions match the whole name, as those of
 * Prometheus do. Throws a RangeError for one that was not checked before.
 */
export function nameFilter(target: Pick<Target, "include" | "exclude">): (name: string) => boolean {
  const included = target.include.map(checkedPattern);
  const excluded = target.exclude.map(checkedPattern);
  return (name) =>
    (included.length === 0 || included.some((pattern) => pattern.test(name))) &&
    !excluded.some((pattern) => pattern.test(name));
}

function checkedPattern(text: string): RegExp {
  const pattern = compilePattern(text);
  if (pattern === undefined) throw new RangeError(`"${text}": is no regular expression`);
  return pattern;
}
