/** What an injection consists of, and the names by which users know it. */

/** Annotations of a pod that the webhook reads or writes. */
export const ANNOTATIONS = {
  /** `"true"` opts in. */
  wait: "prometheus.io/wait",
  /** The port that Prometheus scrapes: the application's, then the proxy's. Default 9090. */
  port: "prometheus.io/port",
  /** The application's port, written by the webhook. */
  originalPort: "prometheus.io/original-port",
} as const;

/** Name of the injected container. A pod that has one of this name is never injected again. */
export const CONTAINER_NAME = "prometheus-metrics-proxy";

/** Everything about an injection that depends on the pod. */
export interface Plan {
  /** Port on which the application serves its metrics, 1 to 65535. */
  readonly originalPort: number;
  /** Port on which the proxy serves them, 1 to 65535, free in this pod. */
  readonly proxyPort: number;
  /** The pod's `terminationGracePeriodSeconds`, within what the sidecar takes. */
  readonly gracePeriodSeconds: number;
  /** An init container with `restartPolicy: Always` (KEP-753) rather than a container. */
  readonly native: boolean;
}
