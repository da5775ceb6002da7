/** The request of a review -> leave the pod, refuse it, or inject by a plan. Pure. */
import { readSettings } from "./annotations.ts";
import { type Circumstances, createPlan, type Plan, type Policy } from "./plan.ts";
import { type Pod, readMetadata, readSpec } from "./pod.ts";
import { planRepair, type Repair } from "./repair.ts";
import type { AdmissionRequest } from "./review.ts";
import { firstThatApplies, type Rule } from "./rule.ts";
import {
  METADATA_RULES,
  NAMESPACE_RULES,
  NO_FREE_PORT,
  POD_RULES,
  REQUEST_RULES,
  type Reason,
  UNREADABLE,
} from "./rules.ts";

/** The pod is left as it is. */
export interface Skip {
  readonly kind: "skip";
  readonly reason: Reason;
  readonly message: string;
  /** Shown to the user by kubectl. */
  readonly warnings: readonly string[];
}

/** The pod is refused. */
export interface Deny {
  readonly kind: "deny";
  readonly reason: Reason;
  readonly message: string;
}

/** The pod gets a sidecar. */
export interface Inject {
  readonly kind: "inject";
  readonly reason: "opted_in";
  readonly pod: Pod;
  readonly plan: Plan;
}

/** The pod has its sidecar already, and scrapes are led to it again. */
export interface Mend extends Repair {
  readonly kind: "repair";
  readonly reason: "repaired";
  readonly pod: Pod;
}

export type Decision = Skip | Deny | Inject | Mend;

/** What each decision counts as. */
export const OUTCOMES = {
  inject: "injected",
  repair: "injected",
  skip: "skipped",
  deny: "denied",
} as const satisfies Record<Decision["kind"], string>;

/**
 * Decides by the first rule of the table in rules.ts that applies; a pod that none applies to is
 * injected. The specification is read only after the opt-in, so that no other pod can ever be refused
 * for it.
 */
export function decide(
  request: AdmissionRequest,
  policy: Policy,
  circumstances: Circumstances,
): Decision {
  const other = apply(REQUEST_RULES, request, policy);
  if (other !== undefined) return other;
  const metadata = readMetadata(request.object);
  if (metadata.kind === "unreadable") return refuse(UNREADABLE.reason, metadata.message, policy);
  const out = apply(METADATA_RULES, metadata.value, policy);
  if (out !== undefined) return out;
  const spec = readSpec(request.object);
  if (spec.kind === "unreadable") return refuse(UNREADABLE.reason, spec.message, policy);
  const elsewhere = apply(NAMESPACE_RULES, request, policy);
  if (elsewhere !== undefined) return elsewhere;
  return decideForPod({ metadata: metadata.value, spec: spec.value }, policy, circumstances);
}

function decideForPod(pod: Pod, policy: Policy, circumstances: Circumstances): Decision {
  const repair = planRepair(pod);
  if (repair !== undefined) return { kind: "repair", reason: "repaired", pod, ...repair };
  const read = readSettings(pod.metadata.annotations ?? {});
  const left = apply(POD_RULES, { pod, read }, policy);
  if (left !== undefined) return left;
  const plan = createPlan({ pod, settings: read.settings }, policy, circumstances);
  if (plan === undefined) return refuse(NO_FREE_PORT.reason, NO_FREE_PORT.when, policy);
  return { kind: "inject", reason: "opted_in", pod, plan };
}

function apply<S, R extends Reason>(
  rules: readonly Rule<S, R>[],
  subject: S,
  policy: Policy,
): Skip | Deny | undefined {
  const found = firstThatApplies(rules, subject, policy);
  if (found === undefined) return undefined;
  const { rule, message } = found;
  if (rule.outcome === "denied") return refuse(rule.reason, message, policy);
  return { kind: "skip", reason: rule.reason, message, warnings: rule.warns ? [message] : [] };
}

/** What is not allowed is told either way; whether the pod may start is the operator's to say. */
function refuse(reason: Reason, message: string, { onInvalid }: Policy): Skip | Deny {
  if (onInvalid === "deny") return { kind: "deny", reason, message };
  // One for each problem, since the API server cuts a long warning.
  const warnings = message
    .split(/; (?=annotation )/)
    .map((problem) => `no metrics proxy: ${problem}`);
  return { kind: "skip", reason, message, warnings };
}
