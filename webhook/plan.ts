/** A pod and what it asks for -> everything about its injection, as data. */
import type { Settings } from "./annotations.ts";
import { declares, planHooks } from "./hooks.ts";
import { type RenderedList, renderedLists } from "./meshes.ts";
import { type Origin, originOf } from "./origin.ts";
import { isNativeSidecar, type Place, type Pod, type PodSpec, placesOf } from "./pod.ts";
import { decideTakeOver, type NamedPort, type Services } from "./port-name.ts";
import { chooseProxyPort } from "./ports.ts";
import { type ResourceDefaults, type Resources, resourcesFor } from "./resources.ts";
import { createWarnings } from "./warnings.ts";

/** Name of the injected container. A pod that has one of this name is never injected again. */
export const CONTAINER_NAME = "prometheus-metrics-proxy";

/** What the operator has set for all sidecars. */
export interface SidecarDefaults extends ResourceDefaults {
  readonly image: string;
  /** Empty: by the image's tag, as Kubernetes does. */
  readonly imagePullPolicy: "" | "Always" | "IfNotPresent" | "Never";
  readonly logLevel: "debug" | "info" | "warn" | "error";
  /** User and group; `undefined` leaves them to the cluster, as OpenShift wants it. */
  readonly runAsUser: number | undefined;
  /** Where reports are posted; empty for nowhere. */
  readonly reportUrl: string;
}

/** What the operator has set for all pods. */
export interface Policy {
  /** Inject native sidecars (KEP-753). */
  readonly native: boolean;
  /** What becomes of a pod that opts in with a value that is not allowed. */
  readonly onInvalid: "deny" | "warn";
  /** Namespaces whose pods are never touched. */
  readonly excludedNamespaces: ReadonlySet<string>;
  readonly scrapeIntervalSeconds: number;
  /** No pod's grace period is raised above it. */
  readonly maxGracePeriodSeconds: number;
  readonly sidecar: SidecarDefaults;
  /** The webhook's version, for the status annotation. */
  readonly version: string;
}

/** What is known of one admission besides the pod. */
export interface Circumstances {
  /** What the preStop hook shows to the sidecar, so that nobody else can start its end. */
  readonly token: string;
  readonly services: Services;
}

/** Everything about an injection that depends on the pod. */
export interface Plan {
  readonly origin: Origin;
  /** Port on which the proxy serves, 1 to 65535, free in this pod. */
  readonly proxyPort: number;
  readonly native: boolean;
  /** Index in `initContainers` for a native sidecar; appended where undefined. */
  readonly before: number | undefined;
  /** The pod's `terminationGracePeriodSeconds`, raised by what the final scrape may take. */
  readonly gracePeriodSeconds: number;
  readonly scrapeIntervalSeconds: number;
  /** The application may end by itself, so its page is captured all the time. */
  readonly endsByItself: boolean;
  /** Containers that get a preStop hook. */
  readonly hooks: readonly Place[];
  readonly token: string;
  /** The name that moves to the sidecar's port. */
  readonly takeOver: NamedPort | undefined;
  /** Port lists of meshes that were rendered before. */
  readonly rendered: readonly RenderedList[];
  readonly resources: Resources | undefined;
  readonly image: string;
  readonly imagePullPolicy: SidecarDefaults["imagePullPolicy"];
  readonly logLevel: SidecarDefaults["logLevel"];
  readonly runAsUser: number | undefined;
  readonly reportUrl: string;
  readonly version: string;
  /** Shown to the user by kubectl: what will not be as might be expected. */
  readonly warnings: readonly string[];
}

/** Plans the injection of a pod whose settings are all allowed; `undefined` where no port is free. */
export function createPlan(
  { pod, settings }: { readonly pod: Pod; readonly settings: Settings },
  policy: Policy,
  { token, services }: Circumstances,
): Plan | undefined {
  const { spec } = pod;
  const { sidecar } = policy;
  const origin = originOf(pod, settings);
  const proxyPort = chooseProxyPort(origin.port, spec);
  if (proxyPort === undefined) return undefined;
  const scrapeIntervalSeconds = settings.scrapeInterval ?? policy.scrapeIntervalSeconds;
  const before = nativeServer(spec, origin.port)?.index;
  const hooks = planHooks(spec, { original: origin.port, proxy: proxyPort });
  const wantsHooks = settings.prestop !== "false";
  const takeOver = decideTakeOver(pod, settings.portName, services);
  const grace = gracePeriod(spec, scrapeIntervalSeconds, policy.maxGracePeriodSeconds);
  const resources = resourcesFor(spec, settings, sidecar);
  return {
    origin,
    proxyPort,
    native: policy.native || before !== undefined,
    before,
    gracePeriodSeconds: grace,
    scrapeIntervalSeconds,
    endsByItself: endsByItself(spec),
    hooks: wantsHooks ? hooks.places : [],
    token,
    takeOver: takeOver.kind === "move" ? takeOver.port : undefined,
    rendered: renderedLists(spec, proxyPort),
    resources,
    image: settings.image ?? sidecar.image,
    imagePullPolicy: settings.imagePullPolicy ?? sidecar.imagePullPolicy,
    logLevel: settings.logLevel ?? sidecar.logLevel,
    runAsUser: sidecar.runAsUser,
    reportUrl: sidecar.reportUrl,
    version: policy.version,
    warnings: createWarnings({ pod, settings, origin, grace, scrapeIntervalSeconds, resources }, [
      ...(takeOver.kind === "refuse" ? [takeOver.warning] : []),
      ...(wantsHooks ? hooks.warnings : []),
    ]),
  };
}

/** What the API server writes where a pod says nothing, in seconds. */
export const DEFAULT_GRACE_SECONDS = 30;

/** For the last answer and the exit. */
const MARGIN_SECONDS = 5;

/** What the sidecar's flag takes, in seconds. */
const MAX_FLAG_SECONDS = 86_400;

/** What the whole end may take, in seconds, if nothing caps it. */
function wantedGracePeriod(spec: PodSpec, scrapeIntervalSeconds: number): number {
  const own = Math.max(spec.terminationGracePeriodSeconds ?? 0, DEFAULT_GRACE_SECONDS);
  return own + scrapeIntervalSeconds + MARGIN_SECONDS;
}

/** The application keeps all the time it had, and a scrape interval is added: never lowered, at most `max`. */
function gracePeriod(spec: PodSpec, scrapeIntervalSeconds: number, max: number): number {
  const own = spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
  return Math.max(own, Math.min(wantedGracePeriod(spec, scrapeIntervalSeconds), max));
}

/** What the sidecar is told: it takes no longer period than this. */
export function sidecarGracePeriod({ gracePeriodSeconds }: Plan): number {
  return Math.min(gracePeriodSeconds, MAX_FLAG_SECONDS);
}

/** Pods of Jobs and their kin: the application ends by itself, and the pod with its last container. */
export function endsByItself({ restartPolicy }: PodSpec): boolean {
  return (restartPolicy ?? "Always") !== "Always";
}

/**
 * The native sidecar that serves the page itself, if one does. Native sidecars stop in the reverse order
 * of their list and after all containers, so the proxy has to be a native one too, before it.
 */
export function nativeServer(spec: PodSpec, port: number): Place | undefined {
  return placesOf(spec).find((place) => isNativeSidecar(place) && declares(place, port));
}
