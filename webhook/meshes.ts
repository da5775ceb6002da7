/** What other injectors put into pods, and what has to be said to them so that scrapes reach the proxy. */
import { parsePath, parsePort } from "./annotations.ts";
import { type Place, type Pod, type PodSpec, placesOf } from "./pod.ts";

/**
 * Containers of other injectors: they have an order of their own for the pod's end, so no hook is put
 * on them.
 */
const FOREIGN = new Set([
  "istio-proxy",
  "istio-init",
  "istio-validation",
  "linkerd-proxy",
  "linkerd-init",
  "linkerd-network-validator",
  "linkerd-debug",
  "daprd",
  "vault-agent",
  "vault-agent-init",
  "consul-dataplane",
  "kuma-sidecar",
  "otc-container",
  "gke-gcsfuse-sidecar",
]);

/** True for a container that another injector has put there. */
export function isForeign({ container }: Place): boolean {
  return FOREIGN.has(container.name);
}

/**
 * Ports that a mesh's own containers take or capture, whether or not they are in the pod already:
 * https://istio.io/latest/docs/ops/deployment/application-requirements/,
 * https://linkerd.io/2/reference/proxy-configuration/, https://docs.dapr.io/reference/arguments-annotations-overview/
 */
export const RESERVED_PORTS = {
  Istio: [
    15_000, 15_001, 15_002, 15_004, 15_006, 15_008, 15_009, 15_010, 15_012, 15_014, 15_017, 15_020,
    15_021, 15_053, 15_090, 15_443,
  ],
  Linkerd: [4140, 4143, 4190, 4191],
  Dapr: [3500, 3501, 7777, 50_001, 50_002, 50_005, 50_006],
} as const;

const RESERVED: ReadonlySet<number> = new Set(Object.values(RESERVED_PORTS).flat());

/** Whether a mesh may want a port. */
export function isReserved(port: number): boolean {
  return RESERVED.has(port);
}

/** Annotations by which a mesh leaves inbound ports alone: lists of ports, separated by commas. */
export const EXCLUDED_PORTS = [
  "traffic.sidecar.istio.io/excludeInboundPorts",
  "config.linkerd.io/skip-inbound-ports",
] as const;

/** Init containers that were rendered from such an annotation before, and their argument for it. */
const RENDERED = [
  { name: "istio-init", flag: "-d" },
  { name: "linkerd-init", flag: "--inbound-ports-to-ignore" },
] as const;

/** A list of ports and ranges, with a port added unless it is in there. */
export function addPort(list: string, port: number): string {
  const parts = list
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
  const has = parts.some((part) => {
    const [from, to = from] = part.split("-");
    return Number(from) <= port && port <= Number(to);
  });
  return (has ? parts : [...parts, String(port)]).join(",");
}

/** An argument of another injector's init container that must be another. */
export interface RenderedList {
  readonly place: Place;
  /** Index in the container's `args`. */
  readonly arg: number;
  readonly value: string;
}

/**
 * The mesh's init containers that have their port lists already: where the mesh's webhook ran before
 * this one, the annotation comes too late for them, and a port that is captured refuses every scrape
 * under strict mutual TLS.
 */
export function renderedLists(spec: PodSpec, port: number): readonly RenderedList[] {
  return placesOf(spec).flatMap((place) => {
    const { name, args } = place.container;
    const known = RENDERED.find((one) => one.name === name);
    const at = known && args ? args.indexOf(known.flag) : -1;
    const list = at < 0 ? undefined : args?.[at + 1];
    if (list === undefined) return [];
    const value = addPort(list, port);
    return value === list ? [] : [{ place, arg: at + 1, value }];
  });
}

/** Where Istio's agent serves the application's page merged with its own. */
const ISTIO_MERGED = { port: 15_020, path: "/stats/prometheus" } as const;

/** Set to "false", it keeps Istio from merging, now and if it is invoked again. */
export const ISTIO_MERGE = "prometheus.istio.io/merge-metrics";

/** Whether a pod belongs to Istio, whether or not it was injected already. */
export function isIstio({ metadata, spec }: Pod): boolean {
  const { labels, annotations } = metadata;
  const asked = [labels, annotations].some((all) => all?.["sidecar.istio.io/inject"] === "true");
  return (
    asked ||
    labels?.["istio.io/rev"] !== undefined ||
    placesOf(spec).some((place) => isForeign(place) && place.container.name.startsWith("istio-"))
  );
}

/** The annotations as the application had them before Istio rewrote them. */
export interface MergedOrigin {
  readonly port: number | undefined;
  readonly path: string | undefined;
}

/**
 * What Istio replaced by its merged page, or `undefined` where it did not. It keeps the application's
 * own annotations in a variable of its proxy.
 */
export function mergedOrigin({ metadata, spec }: Pod): MergedOrigin | undefined {
  const { "prometheus.io/port": port, "prometheus.io/path": path } = metadata.annotations ?? {};
  if (port !== String(ISTIO_MERGED.port) || path !== ISTIO_MERGED.path) return undefined;
  const proxy = placesOf(spec).find(({ container }) => container.name === "istio-proxy");
  if (proxy === undefined) return undefined;
  const variable = proxy.container.env?.find(({ name }) => name === "ISTIO_PROMETHEUS_ANNOTATIONS");
  return parseMerged(variable?.value ?? "{}");
}

function parseMerged(text: string): MergedOrigin {
  try {
    const saved = JSON.parse(text) as { readonly port?: unknown; readonly path?: unknown } | null;
    return {
      port: typeof saved?.port === "string" ? parsePort(saved.port) : undefined,
      path: typeof saved?.path === "string" ? parsePath(saved.path) : undefined,
    };
  } catch {
    // Not ours: without it the application's page is looked for where it is by default.
    return { port: undefined, path: undefined };
  }
}
