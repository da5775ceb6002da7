/** A port's name -> how it moves from the application's container to the sidecar, or why it stays. */
import { isNativeSidecar, isTcp, type Place, type Pod, placesOf } from "./pod.ts";
import { quote } from "./wording.ts";

/** What a Service says that selects pods. */
export interface ServiceFacts {
  readonly name: string;
  readonly selector: Readonly<Record<string, string>>;
  /** `ClusterIP`, `NodePort`, `LoadBalancer` or `ExternalName`. */
  readonly type: string;
  readonly ports: readonly ServicePort[];
}

export interface ServicePort {
  readonly name?: string;
  readonly port: number;
  /** A number, or the name of a port of the pod. */
  readonly targetPort?: number | string;
  readonly appProtocol?: string;
}

/** The Services of a pod's namespace, as far as they are known; `unavailable` where they were asked for in vain. */
export type Services = readonly ServiceFacts[] | "unavailable";

/** A port that is given up to the sidecar. */
export interface NamedPort {
  readonly place: Place;
  /** Index in the container's `ports`. */
  readonly index: number;
  readonly name: string;
  readonly containerPort: number;
}

export type TakeOver =
  | { readonly kind: "none" }
  | { readonly kind: "move"; readonly port: NamedPort }
  | { readonly kind: "refuse"; readonly warning: string };

/** Every TCP port of that name, of containers that live as long as the pod. */
export function portsNamed({ spec }: Pod, name: string): readonly NamedPort[] {
  const lasting = placesOf(spec).filter(
    (place) => place.list === "containers" || isNativeSidecar(place),
  );
  return lasting.flatMap((place) =>
    (place.container.ports ?? []).flatMap((port, index) =>
      port.name === name && isTcp(port)
        ? [{ place, index, name, containerPort: port.containerPort }]
        : [],
    ),
  );
}

/**
 * Decides on the take-over of a name that one container declares. What is sent to a name that has moved ends
 * at the sidecar, which answers scrapes only: a port that serves others too, or may do so, must keep its name.
 */
export function decideTakeOver(pod: Pod, name: string | undefined, services: Services): TakeOver {
  const [port] = name === undefined ? [] : portsNamed(pod, name);
  if (name === undefined || port === undefined) return { kind: "none" };
  const shared = sharedBecause(pod, name, services);
  if (shared === undefined) return { kind: "move", port };
  return { kind: "refuse", warning: `port ${quote(name)} keeps its name, since ${shared}` };
}

/** Names that stand for the application itself. */
const TRAFFIC_NAMES = new Set(["http", "https"]);

/** Names of a Service's port that is there to be scraped; a port of any other name serves others too. */
const SCRAPED = /(?:^|[-_.])(?:metrics?|prom(?:etheus)?|monitor(?:ing)?)(?:$|[-_.])/;

const ADVICE = "give the metrics a port of their own to have monitors find the metrics proxy";

function sharedBecause(pod: Pod, name: string, services: Services): string | undefined {
  if (TRAFFIC_NAMES.has(name)) return `that is the name of a port for all requests; ${ADVICE}`;
  if (services === "unavailable") {
    return "the Services of the namespace could not be looked up (the webhook's log says why); monitors find the metrics proxy once the pod is created anew";
  }
  const service = services.find((one) => selects(one, pod) && sendsTraffic(one, name));
  if (service === undefined) return undefined;
  return `Service ${quote(service.name)} sends other requests than scrapes there; ${ADVICE}`;
}

function selects({ selector }: ServiceFacts, { metadata }: Pod): boolean {
  const pairs = Object.entries(selector);
  return pairs.length > 0 && pairs.every(([key, value]) => metadata.labels?.[key] === value);
}

/** A Service that is there for a ServiceMonitor targets the port too, so what it calls its own port decides. */
function sendsTraffic({ ports }: ServiceFacts, name: string): boolean {
  return ports.some(({ name: own = "", targetPort }) => targetPort === name && !SCRAPED.test(own));
}

/** A probe or hook that called the port by its name, which only its own container knows. */
export interface Rewrite {
  /** Path below the container, such as `/livenessProbe/httpGet/port`. */
  readonly path: string;
  readonly value: number;
}

/** The probes and hooks of a container that must call a port by number once its name has moved. */
export function rewritesFor({ place, name, containerPort: value }: NamedPort): readonly Rewrite[] {
  const { container } = place;
  const handlers = {
    "/livenessProbe": container.livenessProbe,
    "/readinessProbe": container.readinessProbe,
    "/startupProbe": container.startupProbe,
    "/lifecycle/postStart": container.lifecycle?.postStart,
    "/lifecycle/preStop": container.lifecycle?.preStop,
  };
  return Object.entries(handlers).flatMap(([at, handler]) =>
    (["httpGet", "tcpSocket"] as const)
      .filter((action) => handler?.[action]?.port === name)
      .map((action) => ({ path: `${at}/${action}/port`, value })),
  );
}
