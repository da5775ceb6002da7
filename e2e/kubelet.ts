/**
 * Ends a pod's containers as the kubelet does (KEP-753 and the pod lifecycle's documentation): all preStop
 * hooks start at once; a container gets SIGTERM when its own has returned; native sidecars get theirs in
 * the reverse order of their list, once all containers are gone; what the grace period leaves is killed.
 */
import { join } from "node:path";
import { type RunningProcess, startProcess } from "../shared/testing/process.ts";

const ROOT = join(import.meta.dir, "..");

/** A container of a pod, as far as it is run here. */
export interface Container {
  readonly name: string;
  readonly args?: readonly string[];
  readonly restartPolicy?: string;
  readonly lifecycle?: { readonly preStop?: { readonly httpGet?: HttpGet } };
}

interface HttpGet {
  readonly path: string;
  readonly port: number;
  readonly httpHeaders?: readonly { readonly name: string; readonly value: string }[];
}

/** A pod, as far as it is run here. */
export interface PodObject {
  readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
  readonly spec: {
    readonly containers: readonly Container[];
    readonly initContainers?: readonly Container[];
    readonly terminationGracePeriodSeconds?: number;
  };
}

/** One container that runs. */
export interface Running {
  readonly container: Container;
  readonly process: RunningProcess;
}

/** Starts the sidecar that was injected into a pod, by its own arguments. */
export function startSidecar(pod: PodObject): Running {
  const { containers, initContainers = [] } = pod.spec;
  const container = [...containers, ...initContainers].find(
    ({ name }) => name === "prometheus-metrics-proxy",
  );
  if (container === undefined) throw new RangeError("The pod has no sidecar");
  const command = [join(ROOT, "dist/sidecar"), ...(container.args ?? []), "--log-format=json"];
  return { container, process: startProcess(command) };
}

/** How the end went. */
export interface Ending {
  /** What became of each preStop hook, by container. */
  readonly hooks: ReadonlyMap<string, string>;
  readonly seconds: number;
  /** Containers that had to be killed. */
  readonly killed: readonly string[];
}

/** Ends a pod. `deleted`: somebody has told it to; otherwise its containers have ended by themselves. */
export async function endContainers(
  running: readonly Running[],
  { graceSeconds, deleted }: { readonly graceSeconds: number; readonly deleted: boolean },
): Promise<Ending> {
  const startMs = performance.now();
  const hooks = new Map<string, string>();
  const killed: string[] = [];
  const left = new Set(running);
  const timer = setTimeout(() => {
    for (const { container, process } of left) {
      killed.push(container.name);
      process.kill("SIGKILL");
    }
  }, graceSeconds * 1000);
  const gone = async (one: Running) => {
    await one.process.ended();
    left.delete(one);
  };
  const runHook = async ({ container }: Running) => {
    const hook = container.lifecycle?.preStop?.httpGet;
    if (hook && deleted) hooks.set(container.name, await call(hook));
  };
  const isNative = ({ container }: Running) => container.restartPolicy === "Always";
  const natives = running.filter(isNative);
  const nativeHooks = natives.map((one) => ({ one, done: runHook(one) }));
  await Promise.all(
    running
      .filter((one) => !isNative(one))
      .map(async (one) => {
        await runHook(one);
        one.process.kill("SIGTERM");
        await gone(one);
      }),
  );
  for (const { one, done } of nativeHooks.toReversed()) {
    await done;
    one.process.kill("SIGTERM");
    await gone(one);
  }
  clearTimeout(timer);
  return { hooks, seconds: (performance.now() - startMs) / 1000, killed };
}

/** A hook is called once; whatever comes of it is an event and no more. */
async function call({ path, port, httpHeaders = [] }: HttpGet): Promise<string> {
  const headers = httpHeaders.map(({ name, value }): [string, string] => [name, value]);
  try {
    const { status } = await fetch(`http://127.0.0.1:${port}${path}`, {
      headers,
      keepalive: false,
    });
    return String(status);
  } catch (error) {
    return String(error);
  }
}
