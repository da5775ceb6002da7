/** The cluster of kubectl's current context, as far as the comparison needs it. */
import { runProcess } from "../../shared/testing/process.ts";

/** A pod of the list. */
export interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

/** Runs kubectl to its end. Throws an `Error` with what it says if it fails. */
export async function kubectl(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(args);
  if (code === 0) return stdout;
  throw new Error(`kubectl ${args.join(" ")} ended with ${code}:\n${stderr}`);
}

export async function pods(namespace: string, selector: string): Promise<readonly Pod[]> {
  const list = await kubectl("get", "pods", "-n", namespace, "-l", selector, "-o", "json");
  return (JSON.parse(list) as { readonly items: readonly Pod[] }).items;
}

/** The log of a container up to its end, empty if it has none (any more). */
export async function logToTheEnd(namespace: string, pod: string, container: string) {
  const { stdout } = await run(["logs", "--follow", "-n", namespace, pod, "-c", container]);
  return stdout;
}

/** With the whole environment: plugins that log in to a cluster have variables of their own. */
async function run(args: readonly string[]) {
  const env = process.env as Readonly<Record<string, string>>;
  return await runProcess(["kubectl", ...args], { env });
}

/** Runs an instant query by the API server's proxy. `service` is NAMESPACE/NAME:PORT. */
export async function query(service: string, promql: string): Promise<ReadonlyMap<string, number>> {
  const [namespace, name] = service.split("/");
  const path = `/api/v1/namespaces/${namespace}/services/${name}/proxy/api/v1/query`;
  const answer = await kubectl("get", "--raw", `${path}?query=${encodeURIComponent(promql)}`);
  const { data } = JSON.parse(answer) as {
    readonly data: {
      readonly result: readonly { metric: { pod?: string }; value: readonly [number, string] }[];
    };
  };
  return new Map(data.result.map(({ metric, value }) => [metric.pod ?? "", Number(value[1])]));
}
