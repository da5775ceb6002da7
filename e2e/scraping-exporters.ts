/** Exporters that run, and their Service, slices and pods as a Kubernetes API has them. */
import { join } from "node:path";
import type { ApiObject } from "../shared/testing/api-object.ts";
import { startProcess } from "../shared/testing/process.ts";
import { createPod, port } from "./scraping-pods.ts";

const ROOT = join(import.meta.dir, "..");

/** Exporters at these addresses, on one port. */
export async function startExporters(
  stack: AsyncDisposableStack,
  addresses: readonly string[],
): Promise<number> {
  const program = `${ROOT}/exporter/ktcloud/simulator.ts`;
  const simulator = stack.use(startProcess(["bun", program, "--log-format=json", "--port=0"]));
  const url = `http://127.0.0.1:${await simulator.port("simulator")}`;
  const env = {
    CLOUD_ID: "demo@example.com",
    CLOUD_PASSWORD: "demo-password",
    CLOUD_ZONE: "DX-M1",
  };
  let number = 0;
  for (const address of addresses) {
    const bind = `--web.listen-address=${address}:${number}`;
    const args = ["--log-format=json", bind, `--api.url=${url}`, "--collect.interval=1s"];
    const exporter = stack.use(startProcess([`${ROOT}/dist/exporter`, ...args], { env }));
    number = await exporter.port("web");
  }
  return number;
}

/** The exporter's Service and its slice, as Kubernetes makes it. */
export function createService(
  addresses: readonly string[],
  number: number,
  labels: Readonly<Record<string, string>> = {},
): readonly ApiObject[] {
  const namespace = "monitoring";
  const targetRef = (i: number) => ({ kind: "Pod", namespace, name: `lb-exporter-${i}` });
  return [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "lb-exporter", namespace, labels },
      spec: { ports: [{ name: "metrics", port: 9105, targetPort: "metrics" }] },
    },
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: {
        name: "lb-exporter-x7k2p",
        namespace,
        labels: { "kubernetes.io/service-name": "lb-exporter" },
      },
      addressType: "IPv4",
      ports: [{ name: "metrics", port: number, protocol: "TCP" }],
      endpoints: addresses.map((address, i) => ({
        addresses: [address],
        conditions: { ready: i === 0, serving: i === 0, terminating: false },
        targetRef: targetRef(i),
      })),
    },
  ];
}

export function createExporterPod(name: string, ip: string, number: number): ApiObject {
  const ports = [
    { ...port(number), name: "metrics" },
    { ...port(9), name: "other" },
  ];
  const pod = createPod({ name, ip, spec: { containers: [{ name: "lb-exporter", ports }] } });
  return { ...pod, metadata: { name, namespace: "monitoring" } };
}
