/** One account in one zone: what is asked, how, and which load balancers are wanted. */
import type { Credentials } from "../ktcloud/auth.ts";
import type { DialectChoice } from "../ktcloud/dialects.ts";
import type { ZoneName } from "../ktcloud/zones.ts";

export interface Target {
  /** Value of the label `account`; `undefined` without a configuration file: then there is no such label. */
  readonly account: string | undefined;
  readonly zone: ZoneName;
  readonly apiUrl: string;
  readonly credentials: Credentials;
  readonly dialect: DialectChoice;
  /** Regular expressions of which one must match a load balancer's whole name; empty: all are wanted. */
  readonly include: readonly string[];
  /** Regular expressions; a load balancer whose whole name matches one is left out. */
  readonly exclude: readonly string[];
  /** Of one call, in milliseconds. */
  readonly timeoutMs: number;
  /** Calls in flight at a time. */
  readonly concurrency: number;
  /** Least time between the starts of two calls, in milliseconds. */
  readonly spacingMs: number;
}

/** Whether a load balancer of that name is wanted. Anchored at both ends, as Prometheus does it. */
export function nameFilter(target: Pick<Target, "include" | "exclude">): (name: string) => boolean {
  const include = target.include.map(compile);
  const exclude = target.exclude.map(compile);
  return (name) =>
    (include.length === 0 || include.some((regex) => regex.test(name))) &&
    !exclude.some((regex) => regex.test(name));
}

/** Throws a SyntaxError where the text is no regular expression. */
function compile(source: string): RegExp {
  return new RegExp(`^(?:${source})$`, "u");
}
