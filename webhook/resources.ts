/** What the operator and the pod want -> the sidecar's requests and limits, so that the pod keeps its quality of service. */
import type { Settings } from "./annotations.ts";
import { type PodContainer, type PodSpec, placesOf } from "./pod.ts";
import { parseQuantity } from "./quantity.ts";

/** Quantities as Kubernetes writes them, by `cpu` and `memory`. */
export type Quantities = Record<string, string>;

/** Requests and limits of one container. */
export interface Resources {
  readonly requests: Quantities;
  readonly limits: Quantities;
}

/** What holds for every pod that says nothing. */
export interface ResourceDefaults {
  readonly cpuRequest: string;
  /** Empty for none. */
  readonly cpuLimit: string;
  readonly memoryRequest: string;
  readonly memoryLimit: string;
}

/**
 * The least CPU limit in a pod of Guaranteed quality. There the limit must equal the request, and with
 * a limit of 10m the sidecar would start for seconds and answer scrapes in slices of a millisecond.
 */
const GUARANTEED_CPU = "100m";

/**
 * The sidecar's resources. There is always a CPU request, since an autoscaler cannot compute the usage
 * of a pod without one. A pod with resources of its own as a whole (KEP-2837) shares them with the
 * sidecar: any request added to its containers' could pass the pod's, and then it would be refused.
 */
export function resourcesFor(
  spec: PodSpec,
  settings: Settings,
  defaults: ResourceDefaults,
): Resources | undefined {
  if (spec.resources?.requests || spec.resources?.limits) return undefined;
  const cpu = pair(settings.cpuRequest, settings.cpuLimit, [
    defaults.cpuRequest,
    defaults.cpuLimit,
  ]);
  const memory = pair(settings.memoryRequest, settings.memoryLimit, [
    defaults.memoryRequest,
    defaults.memoryLimit,
  ]);
  if (isGuaranteed(spec)) {
    const all = {
      cpu: cpu.limit ?? greater(cpu.request, GUARANTEED_CPU),
      memory: memory.limit ?? memory.request,
    };
    return { requests: all, limits: all };
  }
  // Where every container has a CPU limit, a quota may demand one of each.
  const cpuLimit =
    cpu.limit ?? (allLimited(spec) ? greater(cpu.request, GUARANTEED_CPU) : undefined);
  return {
    requests: { cpu: cpu.request, memory: memory.request },
    limits: {
      ...(cpuLimit !== undefined && { cpu: cpuLimit }),
      ...(memory.limit !== undefined && { memory: memory.limit }),
    },
  };
}

/** What is said by annotation stands; a default gives way to it, so that the request fits the limit. */
function pair(
  request: string | undefined,
  limit: string | undefined,
  [defaultRequest, defaultLimit]: readonly [string, string],
): { readonly request: string; readonly limit: string | undefined } {
  const most = limit ?? (defaultLimit === "" ? undefined : defaultLimit);
  const least = request ?? defaultRequest;
  if (most === undefined || value(least) <= value(most)) return { request: least, limit: most };
  return request === undefined ? { request: most, limit: most } : { request, limit: request };
}

function greater(one: string, other: string): string {
  return value(one) >= value(other) ? one : other;
}

function value(quantity: string): number {
  return parseQuantity(quantity) ?? 0;
}

/**
 * Whether every container has limits for CPU and memory that its requests equal:
 * https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/#guaranteed. An absent request is the limit.
 */
export function isGuaranteed(spec: PodSpec): boolean {
  return placesOf(spec).every(({ container }) =>
    (["cpu", "memory"] as const).every((name) => isFixed(container, name)),
  );
}

function allLimited(spec: PodSpec): boolean {
  return placesOf(spec).every(({ container }) => container.resources?.limits?.cpu !== undefined);
}

function isFixed({ resources }: PodContainer, name: "cpu" | "memory"): boolean {
  const limit = parseQuantity(resources?.limits?.[name]);
  const request = parseQuantity(resources?.requests?.[name]) ?? limit;
  return limit !== undefined && limit > 0 && request === limit;
}
