/** One rule of a decision, and the order in which rules are asked. */
import type { Policy } from "./plan.ts";

/** One line of the table: what a subject must be like, and what becomes of the pod then. */
export interface Rule<S, R extends string = string> {
  readonly reason: R;
  /** `denied` is `skipped` with a warning where the operator says `--on-invalid=warn`. */
  readonly outcome: "skipped" | "denied";
  /** When it applies, for the documentation. */
  readonly when: string;
  /** The user is told by a warning, because the pod had asked for the proxy. */
  readonly warns?: true;
  /** What is said about it, or `undefined` where the rule does not apply. */
  readonly test: (subject: S, policy: Policy) => string | undefined;
}

/** The first rule that applies, with what it says. */
export function firstThatApplies<S, R extends string>(
  rules: readonly Rule<S, R>[],
  subject: S,
  policy: Policy,
): { readonly rule: Rule<S, R>; readonly message: string } | undefined {
  for (const rule of rules) {
    const message = rule.test(subject, policy);
    if (message !== undefined) return { rule, message };
  }
  return undefined;
}
