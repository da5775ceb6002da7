/** A container of the manifests -> the exporter started as it says, with its files laid out as the kubelet does. */
import { join } from "node:path";
import type { V1Container } from "@kubernetes/client-node";
import { type MountedDirectory, mountDirectory } from "../../exporter/testing/mounted-directory.ts";
import { type RunningProcess, startProcess } from "../../shared/testing/process.ts";

/** Where the manifests mount the access to the cloud. */
export const MOUNT_PATH = "/etc/lb-exporter";

/** What the Secret lb-exporter holds. */
export const SECRET = { CLOUD_ID: "id", CLOUD_PASSWORD: "password", CLOUD_ZONE: "DX-M1" } as const;

export interface Started extends AsyncDisposable {
  readonly process: RunningProcess;
  readonly mounted: MountedDirectory;
  get(path?: string): Promise<{ readonly status: number; readonly text: string }>;
}

export interface StartOptions {
  /** What is mounted. Default: the Secret's keys. */
  readonly files?: Readonly<Record<string, string>>;
  /** After the container's own, so that these count. */
  readonly flags?: readonly string[];
}

/** Port 9 discards (RFC 863), so there is no cloud and never a page with load balancers. */
const HERE = ["--web.listen-address=127.0.0.1:0", "--api.url=http://127.0.0.1:9"];

/** Starts it, and waits until it listens. */
export async function startContainer(
  container: V1Container,
  { files = SECRET, flags = ["--leader-elect=false"] }: StartOptions = {},
): Promise<Started> {
  const mounted = mountDirectory(files);
  const process = runContainer(container, mounted.directory, [...HERE, ...flags]);
  const port = await process.port("web");
  return {
    process,
    mounted,
    get: async (path = "") => {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`);
      return { status: answer.status, text: await answer.text() };
    },
    [Symbol.asyncDispose]: async () => {
      await process[Symbol.asyncDispose]();
      mounted[Symbol.dispose]();
    },
  };
}

/** The process alone, what is mounted being in `directory`. */
export function runContainer(
  { args = [], env = [] }: V1Container,
  directory: string,
  flags: readonly string[],
): RunningProcess {
  const local = (text: string) => text.replace(MOUNT_PATH, directory);
  const main = join(import.meta.dir, "../../exporter/main.ts");
  const variables = env.map(({ name, value, valueFrom }) => {
    const key = valueFrom?.secretKeyRef?.key as keyof typeof SECRET | undefined;
    return [name, key === undefined ? local(value ?? "") : SECRET[key]] as const;
  });
  return startProcess([globalThis.process.execPath, main, ...args.map(local), ...flags], {
    env: Object.fromEntries(variables),
  });
}
