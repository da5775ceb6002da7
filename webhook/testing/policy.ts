/** The policy and circumstances that tests decide by, unless they say otherwise. */
import { type Decision, decide } from "../decide.ts";
import { createPatch, type Operation } from "../patch.ts";
import type { Circumstances, Plan, Policy, SidecarDefaults } from "../plan.ts";
import { readReview } from "../review.ts";
import { createReview, type Json } from "./review.ts";

export interface Given {
  readonly policy?: Partial<Policy>;
  readonly sidecar?: Partial<SidecarDefaults>;
  readonly circumstances?: Partial<Circumstances>;
  readonly request?: Json;
}

/** What the flags give by default, with `given` in its place. */
export function createTestPolicy({ policy, sidecar }: Given = {}): Policy {
  return {
    native: false,
    onInvalid: "deny",
    excludedNamespaces: new Set(["kube-system"]),
    scrapeIntervalSeconds: 60,
    maxGracePeriodSeconds: 300,
    version: "1.2.3",
    ...policy,
    sidecar: {
      image: "proxy:1",
      imagePullPolicy: "",
      cpuRequest: "10m",
      cpuLimit: "",
      memoryRequest: "32Mi",
      memoryLimit: "128Mi",
      logLevel: "info",
      runAsUser: 65_532,
      reportUrl: "",
      ...sidecar,
    },
  };
}

/** Decides on the creation of an object, through the bytes of its review. */
export function decideFor(object: unknown, given: Given = {}): Decision {
  const review = createReview(object, given.request);
  const request = readReview(new TextEncoder().encode(JSON.stringify(review)));
  const circumstances = { token: "token", services: [], ...given.circumstances };
  return decide(request, createTestPolicy(given), circumstances);
}

/** The plan for a pod. Throws where it would not be injected. */
export function planFor(pod: unknown, given: Given = {}): Plan {
  const decision = decideFor(pod, given);
  if (decision.kind !== "inject") throw new TypeError(`Expected an injection: ${decision.message}`);
  return decision.plan;
}

/** The patch for a pod; none where it is left alone. */
export function patchFor(pod: unknown, given: Given = {}): readonly Operation[] {
  return createPatch(decideFor(pod, given));
}
