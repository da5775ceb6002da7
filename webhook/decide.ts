/** The request of a review -> leave the pod, refuse it, or inject by a plan. Pure. */
import { ANNOTATIONS, CONTAINER_NAME, type Plan } from "./plan.ts";
import { allContainers, type PodMetadata, type PodSpec, readMetadata, readSpec } from "./pod.ts";
import type { AdmissionRequest } from "./review.ts";
import { quote } from "./wording.ts";

/** Why a pod is left as it is. */
export type SkipReason =
  | "not_a_pod"
  | "subresource"
  | "not_create"
  | "not_opted_in"
  | "opted_out"
  | "unknown_opt_in"
  | "already_injected";

/** Why a pod is refused. */
export type DenyReason = "invalid_pod" | "invalid_port" | "no_free_port";

export type Skip = {
  readonly kind: "skip";
  readonly reason: SkipReason;
  readonly message: string;
  /** Shown to the user by kubectl. */
  readonly warnings?: readonly string[];
};

export type Deny = { readonly kind: "deny"; readonly reason: DenyReason; readonly message: string };

export type Inject = {
  readonly kind: "inject";
  readonly pod: { readonly metadata: PodMetadata; readonly spec: PodSpec };
  readonly plan: Plan;
};

export type Decision = Skip | Deny | Inject;

/** What the operator has set for all pods. */
export interface Policy {
  /** Inject native sidecars. */
  readonly native: boolean;
}

const DEFAULT_PORT = 9090;
const MAX_PORT = 65_535;
/** Distance of the proxy's port from the application's, as the original has it. */
const PORT_DISTANCE = 10_000;
const FALLBACK_PORT = 19_090;
/** What the API server writes where a pod says nothing, in seconds. */
const DEFAULT_GRACE_SECONDS = 30;
/** What the sidecar's flag takes, in seconds. A pod may say 0, or more; it must still start. */
const GRACE_SECONDS = { min: 1, max: 86_400 };

/**
 * Decides, from the first line that fits:
 *
 * | request                                               | decision                       |
 * |-------------------------------------------------------|--------------------------------|
 * | not about a pod                                       | skip `not_a_pod`               |
 * | a subresource, such as pods/status                    | skip `subresource`             |
 * | UPDATE, DELETE, CONNECT                               | skip `not_create`              |
 * | metadata that cannot be read                          | deny `invalid_pod`             |
 * | no `prometheus.io/wait`                               | skip `not_opted_in`            |
 * | `prometheus.io/wait: "false"`                         | skip `opted_out`               |
 * | `prometheus.io/wait` neither "true" nor "false"       | skip `unknown_opt_in`, warning |
 * | spec that cannot be read                              | deny `invalid_pod`             |
 * | a container named prometheus-metrics-proxy is there   | skip `already_injected`        |
 * | `prometheus.io/port` not a number from 1 to 65535     | deny `invalid_port`            |
 * | every port that the proxy could take is taken         | deny `no_free_port`            |
 * | any other pod                                         | inject                         |
 *
 * The spec is read only after the opt-in, so that no other pod can ever be refused for its spec.
 */
export function decide(request: AdmissionRequest, policy: Policy): Decision {
  const other = otherThanPodCreation(request);
  if (other !== undefined) return other;
  const metadata = readMetadata(request.object);
  if (metadata.kind === "unreadable") return deny("invalid_pod", metadata.message);
  const out = notOptedIn(metadata.value);
  if (out !== undefined) return out;
  const spec = readSpec(request.object);
  if (spec.kind === "unreadable") return deny("invalid_pod", spec.message);
  return decideForPod({ metadata: metadata.value, spec: spec.value }, policy);
}

function otherThanPodCreation({ kind, subResource, operation }: AdmissionRequest) {
  if (kind.group !== "" || kind.kind !== "Pod") {
    return skip("not_a_pod", `${quote(kind.kind)} is not a pod`);
  }
  if (subResource) return skip("subresource", `${quote(subResource)} is a subresource`);
  if (operation !== "CREATE") {
    return skip("not_create", `${quote(operation)}: pods are changed only when they are created`);
  }
  return undefined;
}

function notOptedIn({ annotations }: PodMetadata): Skip | undefined {
  const value = annotations?.[ANNOTATIONS.wait];
  if (value === "true") return undefined;
  if (value === undefined) return skip("not_opted_in", `no annotation ${ANNOTATIONS.wait}`);
  if (value === "false") return skip("opted_out", `annotation ${ANNOTATIONS.wait} is "false"`);
  const message = `annotation ${ANNOTATIONS.wait} is ${quote(value)}; only "true" injects the metrics proxy`;
  return { ...skip("unknown_opt_in", message), warnings: [message] };
}

function decideForPod(pod: Inject["pod"], policy: Policy): Decision {
  const containers = allContainers(pod.spec);
  if (containers.some(({ name }) => name === CONTAINER_NAME)) {
    return skip("already_injected", `the pod has a container ${CONTAINER_NAME} already`);
  }
  const port = pod.metadata.annotations?.[ANNOTATIONS.port];
  const originalPort = port === undefined ? DEFAULT_PORT : parsePort(port);
  if (originalPort === undefined) {
    const allowed = `a port number from 1 to ${MAX_PORT}`;
    return deny(
      "invalid_port",
      `annotation ${ANNOTATIONS.port} is ${quote(port ?? "")}; it must be ${allowed}`,
    );
  }
  const declared = containers.flatMap(({ ports }) => ports ?? []);
  const taken = new Set(declared.map(({ containerPort }) => containerPort));
  const proxyPort = chooseProxyPort(originalPort, taken);
  if (proxyPort === undefined) {
    return deny("no_free_port", `the pod declares every port that the metrics proxy could take`);
  }
  const grace = pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
  const gracePeriodSeconds = Math.min(Math.max(grace, GRACE_SECONDS.min), GRACE_SECONDS.max);
  return {
    kind: "inject",
    pod,
    plan: { originalPort, proxyPort, gracePeriodSeconds, native: policy.native },
  };
}

/** Decimal digits only: Prometheus takes the annotation by the pattern `\d+`. */
function parsePort(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= MAX_PORT ? port : undefined;
}

/** Original + 10000; else 19090; else the next one that the pod does not declare. */
function chooseProxyPort(original: number, taken: ReadonlySet<number>): number | undefined {
  const isFree = (port: number) => port <= MAX_PORT && port !== original && !taken.has(port);
  if (isFree(original + PORT_DISTANCE)) return original + PORT_DISTANCE;
  for (let port = FALLBACK_PORT; port <= MAX_PORT; port += 1) {
    if (isFree(port)) return port;
  }
  return undefined;
}

function skip(reason: SkipReason, message: string): Skip {
  return { kind: "skip", reason, message };
}

function deny(reason: DenyReason, message: string): Deny {
  return { kind: "deny", reason, message };
}
