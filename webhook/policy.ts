/** The flags that shape injections -> the policy. `webhook inject` and `webhook explain` have the same ones. */
import type { Flag, Values } from "../shared/flags.ts";
import { oneOf, parsed, wholeNumber } from "../shared/values.ts";
import { currentBuild } from "../shared/version.ts";
import { ANNOTATIONS, CPU, MEMORY, parseCpu, parseImage, parseMemory } from "./annotations.ts";
import type { Policy } from "./plan.ts";
import { parseQuantity } from "./quantity.ts";

/** The user of the distroless images whose name is `nonroot`, and of ours. */
const USER = 65_532;

/** IDs of users and groups, as the kernel has them. */
const MAX_USER = 2_147_483_647;

/** Names of namespaces: RFC 1123 labels. */
const NAMESPACE = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

function imageReference() {
  return parsed("an image reference such as registry.example.com/team/name:1.2.3", parseImage);
}

const POLICIES = ["", "Always", "IfNotPresent", "Never"] as const;

export const policyFlags = {
  nativeSidecars: {
    flag: "enable-sidecar-containers",
    placeholder: "auto|true|false",
    default: "false",
    bare: "true",
    help: "Inject native sidecars (init containers with restartPolicy Always) instead of regular containers: true; false; or auto, from API server 1.32 on, because kubelets may be three minor versions older and have them from 1.29 on. Without a cluster auto is false; without a value: true.",
    schema: oneOf(["auto", "true", "false"]),
  },
  onInvalid: {
    flag: "on-invalid",
    placeholder: "deny|warn",
    default: "deny",
    help: "What becomes of a pod that opts in with a value that is not allowed: refused, or created without the sidecar and with a warning.",
    schema: oneOf(["deny", "warn"]),
  },
  excludedNamespaces: {
    flag: "excluded-namespaces",
    placeholder: "NAMES",
    default: "kube-system",
    repeatable: true,
    help: "Namespaces whose pods are never touched, separated by commas; the webhook's own always is one.",
    schema: parsed("names of namespaces, separated by commas", (text) => {
      const names = text.split(",").map((name) => name.trim());
      return text === "" ? [] : names.every((name) => NAMESPACE.test(name)) ? names : undefined;
    }),
  },
  scrapeIntervalSeconds: {
    flag: "scrape-interval-seconds",
    placeholder: "SECONDS",
    default: "60",
    help: `How often pods are scraped: terminationGracePeriodSeconds is raised by it, and by 5 s. Annotation ${ANNOTATIONS.scrapeInterval.key} overrides it.`,
    schema: wholeNumber(1, 3600),
  },
  maxGracePeriodSeconds: {
    flag: "max-termination-grace-period-seconds",
    placeholder: "SECONDS",
    default: "300",
    help: "No pod's terminationGracePeriodSeconds is raised above it; none is ever lowered.",
    schema: wholeNumber(1, 86_400),
  },
  sidecarImage: {
    flag: "sidecar-image",
    placeholder: "IMAGE",
    // Of the webhook's own version, so that the flags it writes are ones that the sidecar knows.
    default: `prometheus-metrics-proxy:${currentBuild().version}`,
    help:
      "Image of the injected container. The default is for images loaded onto the nodes; with a " +
      "registry, give its full name: a pod whose sidecar image cannot be pulled never gets ready.",
    schema: imageReference(),
  },
  sidecarImagePullPolicy: {
    flag: "sidecar-image-pull-policy",
    placeholder: "POLICY",
    default: "",
    help: "When the kubelet pulls it: Always, IfNotPresent or Never; none: by the image's tag, as Kubernetes does.",
    schema: parsed("Always, IfNotPresent or Never", (text) => POLICIES.find((one) => one === text)),
  },
  sidecarCpuRequest: {
    flag: "sidecar-cpu-request",
    placeholder: "QUANTITY",
    default: "10m",
    help: "CPU request of the sidecar. In a pod of Guaranteed quality requests equal limits, and are at least 100m.",
    schema: parsed(CPU, parseCpu),
  },
  sidecarCpuLimit: {
    flag: "sidecar-cpu-limit",
    placeholder: "QUANTITY",
    default: "",
    help: "CPU limit of the sidecar; none: no limit.",
    schema: parsed(`${CPU}, or nothing`, (text) => (text === "" ? text : parseCpu(text))),
  },
  sidecarMemoryRequest: {
    flag: "sidecar-memory-request",
    placeholder: "QUANTITY",
    default: "32Mi",
    help: "Memory request of the sidecar.",
    schema: parsed(MEMORY, parseMemory),
  },
  sidecarMemoryLimit: {
    flag: "sidecar-memory-limit",
    placeholder: "QUANTITY",
    // Nearly all that is resident are pages of the executable, which count in the pod's cgroup. Below
    // 64 MiB they are read from disk over and over; with 128 MiB they always fit.
    default: "128Mi",
    help: "Memory limit of the sidecar; below 64Mi it answers slowly or not at all.",
    schema: parsed(MEMORY, parseMemory),
  },
  sidecarLogLevel: {
    flag: "sidecar-log-level",
    placeholder: "LEVEL",
    default: "info",
    help: "Log level of the sidecar: debug, info, warn or error.",
    schema: oneOf(["debug", "info", "warn", "error"]),
  },
  sidecarRunAsUser: {
    flag: "sidecar-run-as-user",
    placeholder: "ID|none",
    default: String(USER),
    help: "User and group that the sidecar runs as; none leaves them to the cluster, as OpenShift wants it. Never root.",
    schema: parsed(`a user's number from 1 to ${MAX_USER}, or none`, parseUser),
  },
  sidecarReportUrl: {
    flag: "sidecar-report-url",
    placeholder: "URL",
    default: "",
    help: "Where sidecars post how a pod's end went: the webhook's own POST /report on the metrics listener, by its Service. None: they only log it.",
    schema: parsed("an http:// or https:// URL", (text) =>
      text === "" || /^https?:$/.test(URL.parse(text)?.protocol ?? "") ? text : undefined,
    ),
  },
} as const satisfies Record<string, Flag<unknown>>;

/** `null` for "none". */
function parseUser(text: string): number | null | undefined {
  if (text === "none") return null;
  const id = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  return id >= 1 && id <= MAX_USER ? id : undefined;
}

/** What the flags say. */
export type PolicyValues = Values<typeof policyFlags>;

/** Flags that contradict each other; one message for each. */
export function policyProblems(values: PolicyValues): readonly string[] {
  const pairs = [
    ["cpu", values.sidecarCpuRequest, values.sidecarCpuLimit],
    ["memory", values.sidecarMemoryRequest, values.sidecarMemoryLimit],
  ] as const;
  return pairs
    .filter(
      ([, request, limit]) =>
        limit !== "" && Number(parseQuantity(request)) > Number(parseQuantity(limit)),
    )
    .map(
      ([what, request, limit]) =>
        `--sidecar-${what}-request "${request}": must be at most --sidecar-${what}-limit, which is "${limit}"`,
    );
}

/** The policy; `native` is what `auto` turned out to be, `ownNamespace` the webhook's. */
export function createPolicy(
  values: PolicyValues,
  { native, ownNamespace }: { readonly native: boolean; readonly ownNamespace: string },
): Policy {
  const own = ownNamespace === "" ? [] : [ownNamespace];
  return {
    native,
    onInvalid: values.onInvalid,
    excludedNamespaces: new Set([...values.excludedNamespaces, ...own]),
    scrapeIntervalSeconds: values.scrapeIntervalSeconds,
    maxGracePeriodSeconds: values.maxGracePeriodSeconds,
    version: currentBuild().version,
    sidecar: {
      image: values.sidecarImage,
      imagePullPolicy: values.sidecarImagePullPolicy,
      cpuRequest: values.sidecarCpuRequest,
      cpuLimit: values.sidecarCpuLimit,
      memoryRequest: values.sidecarMemoryRequest,
      memoryLimit: values.sidecarMemoryLimit,
      logLevel: values.sidecarLogLevel,
      runAsUser: values.sidecarRunAsUser ?? undefined,
      reportUrl: values.sidecarReportUrl,
    },
  };
}
