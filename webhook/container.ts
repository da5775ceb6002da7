/** A plan -> the container that is added to the pod. */
import type { V1Container } from "@kubernetes/client-node";
import { CONTAINER_NAME, type Plan } from "./plan.ts";

/** The `nonroot` user of the distroless images, and of ours. */
const USER = 65_532;

/**
 * The sidecar's container. It meets the Pod Security Standard "restricted" whatever the pod sets
 * (https://kubernetes.io/docs/concepts/security/pod-security-standards/), and it has no probes: a
 * metrics proxy must never hold up or restart what it stands beside.
 */
export function createContainer(plan: Plan, image: string): V1Container {
  return {
    name: CONTAINER_NAME,
    image,
    args: [
      `--original-port=${plan.originalPort}`,
      `--proxy-port=${plan.proxyPort}`,
      `--termination-grace-period-seconds=${plan.gracePeriodSeconds}`,
    ],
    // Declared, because a container without ports becomes an anonymous target of Prometheus, and a
    // PodMonitor finds only ports that have a name.
    ports: [{ name: "metrics-proxy", containerPort: plan.proxyPort, protocol: "TCP" }],
    resources: {
      // A request for CPU, since an autoscaler cannot compute the usage of a pod without one. Nearly all
      // that is resident are pages of the executable, which count in the pod's cgroup. Below 64 MiB they
      // are read from disk over and over; with 128 MiB they always fit.
      requests: { cpu: "10m", memory: "32Mi" },
      limits: { memory: "128Mi" },
    },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      readOnlyRootFilesystem: true,
      runAsGroup: USER,
      runAsNonRoot: true,
      runAsUser: USER,
      seccompProfile: { type: "RuntimeDefault" },
    },
    // Makes a native sidecar of an init container (KEP-753).
    ...(plan.native && { restartPolicy: "Always" }),
  };
}
