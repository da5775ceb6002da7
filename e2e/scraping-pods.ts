/** Pods as a Kubernetes API has them, and applications at addresses of their own. */
import type { ApiObject } from "../shared/testing/api-object.ts";

export interface PodParts {
  readonly name: string;
  readonly ip: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly spec?: unknown;
  readonly phase?: string;
  /** It has been told to end. */
  readonly ending?: boolean;
}

/** A pod as the API has it. */
export function createPod({ name, ip, annotations = {}, spec, ...state }: PodParts): ApiObject {
  const { phase = "Running", ending = false } = state;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: "shop",
      labels: { "app.kubernetes.io/name": "shop" },
      annotations,
      ...(ending && {
        deletionTimestamp: new Date().toISOString(),
        deletionGracePeriodSeconds: 30,
      }),
    } as ApiObject["metadata"],
    spec: spec ?? { containers: [{ name: "shop", image: "shop:1" }] },
    status: {
      phase,
      podIP: ip,
      podIPs: [{ ip }],
      conditions: [{ type: "Ready", status: ending ? "False" : "True" }],
    },
  };
}

/** A port as a container declares it. */
export const port = (containerPort: number, protocol = "TCP") => ({ containerPort, protocol });

/** An application at an address of its own, which remembers what it was asked for. */
export function startApplication(stack: AsyncDisposableStack, host: string, tls?: Bun.TLSOptions) {
  const asked: string[] = [];
  const server = Bun.serve({
    hostname: host,
    port: 0,
    ...(tls && { tls }),
    development: false,
    fetch: ({ url }) => {
      const { protocol, pathname, search } = new URL(url);
      asked.push(`${protocol}//${pathname}${search}`);
      return new Response("shop_orders_total 1\n", {
        headers: { "content-type": "text/plain; version=0.0.4" },
      });
    },
  });
  stack.defer(() => server.stop(true));
  return { host, port: server.port ?? 0, asked };
}
