/** A pod and its injection -> what a user would be surprised by, in words that say what to do. */
import { ANNOTATIONS, type Settings } from "./annotations.ts";
import { ISTIO_MERGE } from "./meshes.ts";
import type { Origin } from "./origin.ts";
import { type Pod, placesOf } from "./pod.ts";
import { parseQuantity } from "./quantity.ts";
import type { Resources } from "./resources.ts";

/** What the warnings are about. */
export interface Surprise {
  readonly pod: Pod;
  readonly settings: Settings;
  readonly origin: Origin;
  /** The grace period that the pod gets, in seconds. */
  readonly grace: number;
  readonly scrapeIntervalSeconds: number;
  readonly resources: Resources | undefined;
}

/** Less than this, and the pages of the executable are read from disk over and over. */
const LEAST_MEMORY = "64Mi";

/** All warnings of an injection; `others` are those that were found on the way. */
export function createWarnings(about: Surprise, others: readonly string[]): readonly string[] {
  const all = [
    unscraped(about),
    guessed(about),
    capped(about),
    hostPort(about),
    https(about),
    merged(about),
  ];
  return [...all, little(about), ...others].filter((warning) => warning !== undefined);
}

/** A monitor that goes by the port's name needs no annotation. */
function unscraped({ settings }: Surprise): string | undefined {
  if (settings.scrape === "true" || settings.portName !== undefined) return undefined;
  const { key } = ANNOTATIONS.scrape;
  return `annotation ${key} is not "true": most scrape configurations leave this pod out, and then nobody scrapes the metrics proxy`;
}

/** A pod without the annotation may have been scraped at each of its ports; the proxy stands before one. */
function guessed({ pod, settings, origin }: Surprise): string | undefined {
  const isSaid = settings.port !== undefined && !origin.merged;
  const declared = placesOf(pod.spec)
    .flatMap(({ container }) => container.ports ?? [])
    .map(({ containerPort }) => containerPort);
  if (isSaid || declared.length === 0 || declared.includes(origin.port)) return undefined;
  return `annotation ${ANNOTATIONS.port.key} is not set: port ${origin.port} is taken for the metrics, and no container declares it (declared: ${declared.slice(0, 8).join(", ")})`;
}

function capped({ pod, grace, scrapeIntervalSeconds }: Surprise): string | undefined {
  const own = pod.spec.terminationGracePeriodSeconds ?? 30;
  const added = grace - Math.max(own, 30);
  if (added >= scrapeIntervalSeconds) return undefined;
  return `terminationGracePeriodSeconds is ${grace}: less than a scrape interval of ${scrapeIntervalSeconds} s remains after the application's ${Math.max(own, 30)} s, so a final scrape may be missed (--max-termination-grace-period-seconds)`;
}

function hostPort({ pod, origin }: Surprise): string | undefined {
  const exposed = placesOf(pod.spec).some(({ container }) =>
    (container.ports ?? []).some((port) => port.containerPort === origin.port && port.hostPort),
  );
  if (!exposed) return undefined;
  return `port ${origin.port} has a hostPort: who scrapes the node's port still asks the application and misses its last page`;
}

function https({ origin }: Surprise): string | undefined {
  if (origin.scheme === "http") return undefined;
  return `the metrics proxy is scraped by http: annotation ${ANNOTATIONS.scheme.key} becomes "http", and the proxy asks the application by https`;
}

/** Said where Istio's merge is undone. */
export const MERGED_WARNING = `Istio's merged page would lose the application's counts at the pod's end, so ${ISTIO_MERGE} becomes "false": scrape Istio's own metrics at :15090/stats/prometheus`;

function merged({ origin }: Surprise): string | undefined {
  return origin.merged ? MERGED_WARNING : undefined;
}

function little({ resources }: Surprise): string | undefined {
  const limit = resources?.limits.memory;
  if ((parseQuantity(limit) ?? Number.POSITIVE_INFINITY) >= (parseQuantity(LEAST_MEMORY) ?? 0)) {
    return undefined;
  }
  return `the metrics proxy's memory limit of ${limit} is too little: below ${LEAST_MEMORY} it answers slowly or not at all`;
}
