/** A pod's annotations -> what it asks for, or every fault in them. The table in docs/ comes from here. */
import { parseQuantity } from "./quantity.ts";
import { quote } from "./wording.ts";

/** One annotation that users write. */
export interface Annotation<T> {
  readonly key: string;
  /** Completes "it must be …". */
  readonly allowed: string;
  /** What holds where it is absent, as the documentation shows it. */
  readonly standard: string;
  readonly meaning: string;
  /** `undefined` for text that is not allowed. Nothing is trimmed: Prometheus does not do so either. */
  readonly parse: (text: string) => T | undefined;
}

const MAX_PORT = 65_535;

/** `[registry[:port]/]name[:tag][@digest]`, after the grammar of github.com/distribution/reference. */
const IMAGE =
  /^(?:[a-zA-Z0-9.-]+(?::\d{1,5})?\/)?[a-z0-9]+(?:(?:[._/]|__|-+)[a-z0-9]+)*(?::\w[\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/;

/** IANA service name (RFC 6335, 5.1), as Kubernetes wants a port's name. */
const PORT_NAME = /^(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(?:-[a-z0-9]+)*$/;

/** An image reference, or undefined. */
export function parseImage(text: string): string | undefined {
  return IMAGE.test(text) ? text : undefined;
}

/** Decimal digits only: Prometheus takes the annotation by the pattern `\d+`. */
export function parsePort(text: string): number | undefined {
  return wholeNumber(text, 1, MAX_PORT);
}

function wholeNumber(text: string, min: number, max: number): number | undefined {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : undefined;
}

/** A metrics path that Prometheus sends as it is written, and none of the sidecar's own routes. */
export function parsePath(text: string): string | undefined {
  return /^\/[\w/.~$&+=;@-]*$/.test(text) && !text.startsWith("/-/") ? text : undefined;
}

function oneOf<const T extends string>(...words: readonly T[]) {
  return (text: string) => words.find((word) => word === text);
}

function annotation<T>(key: string, rest: Omit<Annotation<T>, "key">): Annotation<T> {
  return { key: `prometheus.io/${key}`, ...rest };
}

/** A positive number of cores, or undefined. */
export function parseCpu(text: string): string | undefined {
  return (parseQuantity(text) ?? 0) > 0 ? text : undefined;
}

/** No container starts with less, so less is a slip, such as `64m` for `64Mi`. */
const LEAST_MEMORY_BYTES = 4 * 1024 * 1024;

/** A plausible amount of memory, or undefined. */
export function parseMemory(text: string): string | undefined {
  return (parseQuantity(text) ?? 0) >= LEAST_MEMORY_BYTES ? text : undefined;
}

export const CPU = "a positive quantity such as 10m or 0.1";
export const MEMORY = "a quantity of at least 4Mi, such as 64Mi";

function quantity(key: string, standard: string, meaning: string): Annotation<string> {
  const isCpu = key.includes("cpu");
  const [allowed, parse] = isCpu ? [CPU, parseCpu] : [MEMORY, parseMemory];
  return annotation(key, { allowed, standard, meaning, parse });
}

/** Every annotation that a user may write on a pod, but for `prometheus.io/param_*`. */
export const ANNOTATIONS = {
  wait: annotation("wait", {
    allowed: '"true" or "false"',
    standard: "`false`",
    meaning: 'Opts in: `"true"` injects the metrics proxy.',
    parse: oneOf("true", "false"),
  }),
  scrape: annotation("scrape", {
    allowed: '"true" or "false"',
    standard: "",
    meaning:
      "Not the webhook's: what most scrape configurations select pods by. A warning where it is not `true`.",
    // Some configurations know other words, and it is theirs to judge.
    parse: (text) => text,
  }),
  port: annotation("port", {
    allowed: `a port number from 1 to ${MAX_PORT}`,
    standard: "`9090`",
    meaning: "The port where the application serves its metrics; becomes the proxy's.",
    parse: parsePort,
  }),
  path: annotation("path", {
    allowed:
      "a path that begins with / (not with /-/), of letters, digits and _ . ~ $ & + = ; @ - /",
    standard: "`/metrics`",
    meaning: "The path where it serves them; handed to the sidecar, which passes on nothing else.",
    parse: parsePath,
  }),
  scheme: annotation("scheme", {
    allowed: "http or https",
    standard: "`http`",
    meaning:
      "How it serves them. The sidecar asks by https, without verifying the certificate of its own pod, and is itself scraped by http: the annotation becomes `http`.",
    parse: oneOf("http", "https"),
  }),
  scrapeInterval: annotation("wait-scrape-interval-seconds", {
    allowed: "a whole number of seconds from 1 to 3600",
    standard: "`--scrape-interval-seconds`",
    meaning: "How often the pod is scraped: so much longer may its end take.",
    parse: (text) => wholeNumber(text, 1, 3600),
  }),
  prestop: annotation("wait-prestop", {
    allowed: '"true" or "false"',
    standard: "`true`",
    meaning: '`"false"` adds no preStop hook to the containers of the application.',
    parse: oneOf("true", "false"),
  }),
  portName: annotation("wait-port-name", {
    allowed: "a port's name, which a container of the pod declares once, for TCP",
    standard: "",
    meaning:
      "For PodMonitor and ServiceMonitor: this name moves from the application's port to the sidecar's.",
    parse: (text) => (PORT_NAME.test(text) ? text : undefined),
  }),
  image: annotation("wait-image", {
    allowed: "an image reference such as registry.example.com/team/name:1.2.3",
    standard: "`--sidecar-image`",
    meaning: "The sidecar's image.",
    parse: parseImage,
  }),
  imagePullPolicy: annotation("wait-image-pull-policy", {
    allowed: "Always, IfNotPresent or Never",
    standard: "`--sidecar-image-pull-policy`",
    meaning: "When the kubelet pulls it.",
    parse: oneOf("Always", "IfNotPresent", "Never"),
  }),
  cpuRequest: quantity("wait-cpu-request", "`--sidecar-cpu-request`", "The sidecar's CPU request."),
  cpuLimit: quantity("wait-cpu-limit", "`--sidecar-cpu-limit`", "Its CPU limit."),
  memoryRequest: quantity(
    "wait-memory-request",
    "`--sidecar-memory-request`",
    "Its memory request.",
  ),
  memoryLimit: quantity("wait-memory-limit", "`--sidecar-memory-limit`", "Its memory limit."),
  logLevel: annotation("wait-log-level", {
    allowed: "debug, info, warn or error",
    standard: "`--sidecar-log-level`",
    meaning: "The sidecar's log level.",
    parse: oneOf("debug", "info", "warn", "error"),
  }),
} as const;

/** Becomes a query parameter of each scrape: `prometheus.io/param_module: http` is `?module=http`. */
export const PARAM_PREFIX = "prometheus.io/param_";

/** Annotations that the webhook writes. */
export const WRITTEN = {
  /** The application's port, for reference, as the original wrote it. */
  originalPort: "prometheus.io/original-port",
  /** JSON: version, mode, ports and what else was rewritten. */
  status: "prometheus.io/wait-status",
} as const;

type Annotations = Readonly<Record<string, string>>;
type Keys = keyof typeof ANNOTATIONS;

/** What the annotations ask for; absent where they say nothing. */
export type Settings = {
  readonly [K in Keys]?: NonNullable<ReturnType<(typeof ANNOTATIONS)[K]["parse"]>>;
};

/** Settings with one line for each value that is not allowed. */
export interface ReadSettings {
  readonly settings: Settings;
  readonly problems: readonly string[];
}

/** Reads every annotation of the table. */
export function readSettings(annotations: Annotations): ReadSettings {
  const settings: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [name, one] of Object.entries(ANNOTATIONS)) {
    const text = Object.hasOwn(annotations, one.key) ? annotations[one.key] : undefined;
    if (text === undefined) continue;
    const value = one.parse(text);
    if (value === undefined) problems.push(invalid(one, text));
    else settings[name] = value;
  }
  const read = settings as Settings;
  return { settings: read, problems: [...problems, ...contradictions(read)] };
}

/** `annotation prometheus.io/port is "abc"; it must be a port number from 1 to 65535` */
export function invalid({ key, allowed }: Annotation<unknown>, text: string): string {
  return `annotation ${key} is ${quote(text)}; it must be ${allowed}`;
}

/** The API server would refuse the pod for these, without naming the annotation. */
function contradictions(settings: Settings): string[] {
  const pairs = [
    ["cpuRequest", "cpuLimit"],
    ["memoryRequest", "memoryLimit"],
  ] as const;
  return pairs.flatMap(([request, limit]) => {
    const most = settings[limit];
    const asked = settings[request];
    if (most === undefined || asked === undefined) return [];
    if ((parseQuantity(asked) ?? 0) <= (parseQuantity(most) ?? 0)) return [];
    const { key } = ANNOTATIONS[request];
    const allowed = `at most ${ANNOTATIONS[limit].key}, which is ${quote(most)}`;
    return [`annotation ${key} is ${quote(asked)}; it must be ${allowed}`];
  });
}

/**
 * The query that a scrape carries, encoded and in the order in which Prometheus sends it, so that the
 * sidecar knows the page by it; empty where there is none. Annotations become labels on their way, in
 * which every other character is a `_`.
 */
export function readQuery(annotations: Annotations): string {
  return (
    Object.entries(annotations)
      // An empty label is none to Prometheus.
      .filter(
        ([key, value]) => key.startsWith(PARAM_PREFIX) && key !== PARAM_PREFIX && value !== "",
      )
      .map(([key, value]) => ({
        name: key.slice(PARAM_PREFIX.length).replaceAll(/\W/g, "_"),
        value,
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map(({ name, value }) => `${name}=${encodeLikeGo(value)}`)
      .join("&")
  );
}

/** Go's url.QueryEscape, which Prometheus uses: all but letters, digits and `-_.~`; `+` for a blank. */
function encodeLikeGo(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+");
}
