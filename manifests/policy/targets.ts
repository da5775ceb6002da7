/** What selects pods or Services meets some, at ports that they have. */
import type { KubernetesObject, Labels, Rendered, Workload } from "../render.ts";
import { type Finding, isNear } from "./finding.ts";
import { portsOf } from "./ports.ts";
import { fits, type Selector } from "./selector.ts";

type Port = string | number;

/** Where kinds have a selector of pods. */
const POD_SELECTORS: Readonly<Record<string, string>> = {
  AuthorizationPolicy: "selector",
  NetworkPolicy: "podSelector",
  PeerAuthentication: "selector",
  PodDisruptionBudget: "selector",
  PodMonitor: "selector",
  Sidecar: "workloadSelector",
};

interface Monitor {
  readonly selector?: Selector;
  readonly namespaceSelector?: { readonly any?: boolean; readonly matchNames?: readonly string[] };
  readonly podMetricsEndpoints?: readonly Endpoint[];
  readonly endpoints?: readonly Endpoint[];
}

interface Endpoint {
  readonly port?: string;
  readonly targetPort?: Port;
}

interface ServiceSpec {
  readonly selector?: Labels;
  readonly ports?: readonly {
    readonly name?: string;
    readonly port: number;
    readonly targetPort?: Port;
  }[];
}

export function checkPodSelectors(rendered: Rendered): readonly Finding[] {
  return rendered.objects.flatMap((object) => {
    const key = POD_SELECTORS[object.kind];
    const selector = key === undefined ? undefined : (object.spec?.[key] as Selector | undefined);
    // Istio's kinds without a selector are for the whole namespace.
    if (key === undefined || selector === undefined) return [];
    if (podsOf(rendered, object, selector).length > 0) return [];
    return [{ object, field: `spec.${key}`, value: selector, allowed: podLabels(rendered) }];
  });
}

/** A workload's selector is that of its own template. */
export function checkOwnSelectors(rendered: Rendered): readonly Finding[] {
  return rendered.workloads().flatMap(({ object, labels }) => {
    const selector = object.spec?.selector as Selector | undefined;
    if (selector === undefined || fits(selector, labels)) return [];
    const allowed = `labels of its own pods: ${JSON.stringify(labels)}`;
    return [{ object, field: "spec.selector", value: selector, allowed }];
  });
}

export function checkServices(rendered: Rendered): readonly Finding[] {
  return rendered.ofKind("Service").flatMap((object): readonly Finding[] => {
    const { selector: matchLabels, ports = [] } = (object.spec ?? {}) as ServiceSpec;
    // One without a selector has its endpoints from elsewhere.
    if (matchLabels === undefined) return [];
    const pods = podsOf(rendered, object, { matchLabels });
    if (pods.length === 0) {
      const allowed = podLabels(rendered);
      return [{ object, field: "spec.selector", value: matchLabels, allowed }];
    }
    const known = pods.flatMap(portsOf);
    return ports
      .filter(({ port, targetPort = port }) => !known.includes(targetPort))
      .map(({ name, port, targetPort: value = port }) => {
        const field = `spec.ports[${name ?? port}].targetPort`;
        return { object, field, value, allowed: known.join(", ") };
      });
  });
}

export function checkMonitors(rendered: Rendered): readonly Finding[] {
  const pods = rendered.ofKind("PodMonitor").flatMap((object) => {
    const { selector, podMetricsEndpoints = [] } = (object.spec ?? {}) as Monitor;
    const known = podsOf(rendered, object, selector).flatMap(portsOf);
    return judgeEndpoints(
      { object, field: "spec.podMetricsEndpoints" },
      podMetricsEndpoints,
      known,
    );
  });
  const services = rendered.ofKind("ServiceMonitor").flatMap((object) => {
    const { selector, endpoints = [] } = (object.spec ?? {}) as Monitor;
    const met = rendered
      .ofKind("Service")
      .filter((one) => isSeen(object, one) && fits(selector, one.metadata.labels ?? {}));
    if (met.length === 0) {
      const allowed = "labels of a Service of this folder";
      return [{ object, field: "spec.selector", value: selector, allowed }];
    }
    const known = met.flatMap(({ spec }) => (spec as ServiceSpec).ports ?? []);
    const names = known.map(({ name }) => name ?? "");
    return judgeEndpoints({ object, field: "spec.endpoints" }, endpoints, names);
  });
  return [...pods, ...services];
}

function judgeEndpoints(
  at: Pick<Finding, "object" | "field">,
  endpoints: readonly Endpoint[],
  known: readonly Port[],
): readonly Finding[] {
  return endpoints
    .map(({ port, targetPort }) => port ?? targetPort)
    .filter((port) => port === undefined || !known.includes(port))
    .map((value) => ({ ...at, field: `${at.field}.port`, value, allowed: known.join(", ") }));
}

/** A monitor sees its own namespace, unless it names others. */
function isSeen(monitor: KubernetesObject, target: KubernetesObject): boolean {
  const { any, matchNames } = (monitor.spec as Monitor).namespaceSelector ?? {};
  if (any === true) return true;
  if (matchNames !== undefined) return matchNames.includes(target.metadata.namespace ?? "");
  return isNear(monitor, target);
}

function podsOf(
  rendered: Rendered,
  object: KubernetesObject,
  selector: Selector | undefined,
): readonly Workload[] {
  const isPodSeen = object.kind === "PodMonitor" ? isSeen : isNear;
  return rendered
    .workloads()
    .filter((one) => isPodSeen(object, one.object) && fits(selector, one.labels));
}

function podLabels(rendered: Rendered): string {
  const labels = rendered.workloads().map((one) => JSON.stringify(one.labels));
  return labels.length === 0 ? "labels of pods; this folder has none" : labels.join(" or ");
}
