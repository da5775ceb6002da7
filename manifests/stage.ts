/** A pod -> what its program needs on this machine: mounted files, a certificate, a cloud, an API server. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { V1Container } from "@kubernetes/client-node";
import { writeCertificate } from "../dev/certificate.ts";
import { startCloud } from "../exporter/testing/cloud.ts";
import { ACCESS } from "../exporter/testing/rig.ts";
import { createConfiguration } from "../shared/testing/api-object.ts";
import { type Asked, FakeApiServer } from "../shared/testing/api-server.ts";
import type { Workload } from "./render.ts";

export interface Stage extends AsyncDisposable {
  /** The container's arguments, then what is different here: of a flag that is given twice the later one counts. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What was asked of the API server, if there is one. */
  readonly asked: readonly Asked[];
}

/** Images of ours -> flags that keep everything on this machine. */
const LOCAL: Readonly<Record<string, readonly string[]>> = {
  "lb-exporter": [
    "--web.listen-address=127.0.0.1:0",
    "--collect.start-jitter=0s",
    "--env-file=",
    "--log-format=json",
  ],
  "prometheus-metrics-proxy-hook": [
    "--host=127.0.0.1",
    "--port=0",
    "--metrics-bind-address=127.0.0.1:0",
    "--health-probe-bind-address=127.0.0.1:0",
    "--log-format=json",
  ],
};

/** Sets the stage for one container of one of our images. */
export async function createStage(
  image: string,
  { workload, container }: { readonly workload: Workload; readonly container: V1Container },
): Promise<Stage> {
  const stack = new AsyncDisposableStack();
  const directory = mkdtempSync(join(tmpdir(), "stage-"));
  stack.defer(() => rmSync(directory, { recursive: true }));
  const flags = [...(LOCAL[image] ?? [])];
  let asked: readonly Asked[] = [];
  if (workload.spec.automountServiceAccountToken === true) {
    const api = stack.use(await FakeApiServer.start());
    flags.push(...callApi(api, { directory, image, workload }));
    asked = api.asked; // It grows.
  }
  if (image === "lb-exporter") flags.push(`--api.url=${stack.use(startCloud()).url}`);
  const args = (container.args ?? []).map((arg) => toLocal(container, directory, arg));
  await writeFiles(directory, args);
  return {
    args: [...args, ...flags],
    env: environmentOf(container, (text) => toLocal(container, directory, text)),
    asked,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** A path below a mount is one below the directory, in a flag's value as well. */
function toLocal({ volumeMounts = [] }: V1Container, directory: string, text: string): string {
  const start = text.startsWith("--") ? text.indexOf("=") + 1 : 0;
  const path = text.slice(start);
  const mount = volumeMounts.find(
    ({ mountPath }) => path === mountPath || path.startsWith(`${mountPath}/`),
  );
  if (mount === undefined) return text;
  return `${text.slice(0, start)}${directory}${path.slice(mount.mountPath.length)}`;
}

/** What Secrets hold: a certificate, the access to the cloud, and the accounts under the name that the flag gives. */
async function writeFiles(directory: string, args: readonly string[]): Promise<void> {
  await writeCertificate(directory);
  for (const [name, value] of Object.entries(ACCESS)) writeFileSync(join(directory, name), value);
  const file = args.find((arg) => arg.startsWith(`--config.file=${directory}`));
  if (file === undefined) return;
  const { CLOUD_ID: id, CLOUD_PASSWORD: password, CLOUD_ZONE: zone } = ACCESS;
  const accounts = [{ name: "main", id, password, zones: [zone] }];
  writeFileSync(join(directory, basename(file)), JSON.stringify({ accounts }));
}

interface Caller {
  readonly directory: string;
  readonly image: string;
  readonly workload: Workload;
}

/** Outside a cluster a program has to be told which one, and its own namespace. */
function callApi(api: FakeApiServer, { directory, image, workload }: Caller): readonly string[] {
  api.put("mutatingwebhookconfigurations", createConfiguration("prometheus-metrics-proxy-hook"));
  api.writeKubeconfig(join(directory, "kubeconfig"));
  const flag = image === "lb-exporter" ? "leader-elect-resource-namespace" : "namespace";
  const namespace = workload.object.metadata.namespace ?? "default";
  return [`--kubeconfig=${join(directory, "kubeconfig")}`, `--${flag}=${namespace}`];
}

/** Values as they are; what comes from a Secret, by the name of the variable. */
function environmentOf(
  { env = [], envFrom = [] }: V1Container,
  localize: (text: string) => string,
): Readonly<Record<string, string>> {
  const access: Readonly<Record<string, string>> = ACCESS;
  const given = env.flatMap(({ name, value, valueFrom }) => {
    const secret = valueFrom?.secretKeyRef?.optional === true ? undefined : access[name];
    const text = value === undefined ? secret : localize(value);
    return text === undefined ? [] : [[name, text] as const];
  });
  return { ...(envFrom.length > 0 ? access : {}), ...Object.fromEntries(given) };
}
