/** The example workloads: restricted, scraped, and injected by the real program. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import type {
  V1Container,
  V1ContainerPort,
  V1PodSpec,
  V1PodTemplateSpec,
  V1ServiceSpec,
} from "@kubernetes/client-node";
import { runProcess } from "../../../shared/testing/process.ts";
import { CONTAINER_NAME } from "../../../webhook/plan.ts";
import { imageParts, type KubernetesObject, selects } from "../../render.ts";

const MAIN = join(import.meta.dir, "../../../webhook/main.ts");
const FILES = [...new Bun.Glob("*.yaml").scanSync(import.meta.dir)].sort();

test("there is an example of each way to be scraped", () => {
  expect(FILES).toEqual(["annotations.yaml", "cron-job.yaml", "pod-monitor.yaml"]);
});

interface Example {
  readonly file: string;
  readonly before: readonly KubernetesObject[];
  readonly after: readonly KubernetesObject[];
}

const EXAMPLES: Example[] = [];
for (const file of FILES) {
  const path = join(import.meta.dir, file);
  const before = readObjects(await Bun.file(path).text());
  EXAMPLES.push({ file, before, after: readObjects(await webhook(["inject", "-f", path])) });
}

/** What is said of them, by whether native sidecars are on. */
const JUDGED = {
  true: JSON.parse(await webhook(["explain", "-o", "json", "-f", import.meta.dir])),
  false: JSON.parse(await webhook(["explain", "-o", "json", "-f", import.meta.dir], "false")),
};

test("all are injected without a warning where native sidecars are on, and but the Job where not", () => {
  const injected = { outcome: "injected", reason: "opted_in", warnings: [] };
  expect(JUDGED.true).toMatchObject([injected, injected, injected]);
  const job = { outcome: "skipped", reason: "needs_native" };
  expect(JUDGED.false).toMatchObject([injected, job, injected]);
});

describe.each(EXAMPLES)("manifests/webhook/examples/$file", ({ before, after }) => {
  const { metadata, spec } = templateOf(after);

  test("has one sidecar then, and none before", () => {
    const [was, is] = [before, after].map((objects) =>
      containersOf(templateOf(objects).spec).filter(({ name }) => name === CONTAINER_NAME),
    );
    expect(was).toHaveLength(0);
    expect(is).toHaveLength(1);
  });

  test.each([{ objects: before }, { objects: after }])(
    "is restricted and says what it needs, before and after",
    ({ objects }) => {
      const pod = templateOf(objects).spec;
      expect(pod).toMatchObject({
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
      });
      for (const container of containersOf(pod)) {
        expect(imageParts(container.image).tag).toMatch(/^\d+\.\d+\.\d+$/);
        expect(container.resources?.requests).toContainKeys(["cpu", "memory"]);
        expect(container.resources?.limits).toContainKeys(["memory"]);
        expect(container.securityContext).toMatchObject({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        });
      }
    },
  );

  test("is scraped at the sidecar's port", () => {
    const [port, ...more] = portsOf(spec, (name) => name === CONTAINER_NAME);
    expect(more).toEqual([]);
    expect(metadata?.annotations?.["prometheus.io/port"]).toBe(String(port?.containerPort));
    for (const monitor of after.filter(({ kind }) => kind === "PodMonitor")) {
      expect(monitor.spec).toMatchObject({ podMetricsEndpoints: [{ port: port?.name }] });
    }
  });

  test("is still reached by its Service, if it has one", () => {
    for (const service of after.filter(({ kind }) => kind === "Service")) {
      const { selector, ports } = service.spec as V1ServiceSpec;
      expect(selects(selector, metadata?.labels ?? {})).toBe(true);
      const names = portsOf(spec, (name) => name !== CONTAINER_NAME).map(({ name }) => name);
      for (const { targetPort } of ports ?? []) expect(names).toContain(String(targetPort));
    }
  });
});

async function webhook(args: readonly string[], native = "true"): Promise<string> {
  const command = [process.execPath, MAIN, ...args, `--enable-sidecar-containers=${native}`];
  const { code, stdout, stderr } = await runProcess(command);
  if (code !== 0) throw new Error(`webhook ${args.join(" ")} ended with ${code}: ${stderr}`);
  return stdout;
}

function readObjects(text: string): readonly KubernetesObject[] {
  const documents: unknown = Bun.YAML.parse(text); // A list, unless there is only one.
  return (Array.isArray(documents) ? documents : [documents]) as KubernetesObject[];
}

/** The pod template of the first object, a Deployment or a CronJob. */
function templateOf([workload]: readonly KubernetesObject[]): V1PodTemplateSpec {
  const { jobTemplate, template } = (workload?.spec ?? {}) as {
    readonly jobTemplate?: { readonly spec: { readonly template: V1PodTemplateSpec } };
    readonly template?: V1PodTemplateSpec;
  };
  return jobTemplate?.spec.template ?? template ?? {};
}

function containersOf(spec: V1PodSpec | undefined): readonly V1Container[] {
  return [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
}

function portsOf(
  spec: V1PodSpec | undefined,
  fits: (container: string) => boolean,
): readonly V1ContainerPort[] {
  return containersOf(spec).flatMap(({ name, ports = [] }) => (fits(name) ? ports : []));
}
