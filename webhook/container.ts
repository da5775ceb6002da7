/** A plan -> the container that is added to the pod, and the hooks that call it. */
import type { V1Container, V1LifecycleHandler } from "@kubernetes/client-node";
import { CONTAINER_NAME, type Plan, sidecarGracePeriod } from "./plan.ts";

/** Name of the sidecar's port where it takes none over. */
const PORT_NAME = "metrics-proxy";

/**
 * The sidecar's container. It meets the Pod Security Standard "restricted" whatever the pod sets
 * (https://kubernetes.io/docs/concepts/security/pod-security-standards/), and it has no probes: a
 * metrics proxy must never hold up or restart what it stands beside.
 */
export function createContainer(plan: Plan): V1Container {
  const { image, imagePullPolicy, takeOver, proxyPort, resources, runAsUser } = plan;
  return {
    name: CONTAINER_NAME,
    image,
    ...(imagePullPolicy !== "" && { imagePullPolicy }),
    args: argumentsOf(plan),
    // Declared, because a container without ports becomes an anonymous target of Prometheus, and a
    // PodMonitor finds only ports that have a name.
    ports: [{ name: takeOver?.name ?? PORT_NAME, containerPort: proxyPort, protocol: "TCP" }],
    ...(resources && { resources }),
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      ...(runAsUser !== undefined && { runAsUser, runAsGroup: runAsUser }),
      seccompProfile: { type: "RuntimeDefault" },
    },
    // An init container with this restart policy is a native sidecar (KEP-753). Its own hook starts with
    // everybody's, long before its SIGTERM.
    ...(plan.native && { restartPolicy: "Always", lifecycle: { preStop: createHook(plan) } }),
  };
}

/** Prometheus's default interval is 60 s, and it takes up to 15 s to discover a pod. */
const DISCOVERY_SECONDS = 15;

function argumentsOf(plan: Plan): string[] {
  const { origin, scrapeIntervalSeconds, endsByItself, reportUrl, logLevel } = plan;
  const given: readonly (readonly [flag: string, value: string | number, given: boolean])[] = [
    ["original-port", origin.port, true],
    ["proxy-port", plan.proxyPort, true],
    ["termination-grace-period-seconds", sidecarGracePeriod(plan), true],
    ["original-scheme", origin.scheme, origin.scheme !== "http"],
    ["metrics-path", origin.path, origin.path !== "/metrics"],
    ["capture-query", origin.query, origin.query !== ""],
    [
      "unscraped-wait-seconds",
      scrapeIntervalSeconds + DISCOVERY_SECONDS,
      scrapeIntervalSeconds !== 60,
    ],
    ["background-capture-seconds", 1, endsByItself],
    ["prestop-token", plan.token, plan.token !== ""],
    ["report-url", reportUrl, reportUrl !== ""],
    ["log-level", logLevel, logLevel !== "info"],
  ];
  // Kubernetes expands $(NAME) in arguments, and $$ is a plain $.
  return given
    .filter(([, , isGiven]) => isGiven)
    .map(([flag, value]) => `--${flag}=${String(value).replaceAll("$", "$$$$")}`);
}

/**
 * Has the sidecar capture before the container is told to stop. The kubelet calls the pod's own address,
 * so the port is a number: a name would be looked for in the container that has the hook.
 */
export function createHook({ proxyPort, token }: Plan): V1LifecycleHandler {
  const httpHeaders = token === "" ? [] : [{ name: "X-Prestop-Token", value: token }];
  return {
    httpGet: {
      path: "/-/prestop",
      port: proxyPort,
      scheme: "HTTP",
      ...(httpHeaders.length > 0 && { httpHeaders }),
    },
  };
}
