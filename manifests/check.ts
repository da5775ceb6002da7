/**
 * What holds for every kustomization: restricted, no secrets, names that meet, flags that exist.
 * `just manifests` runs it; it needs kubectl, so a plain `bun test` does not find it by its name.
 */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { Hono } from "hono";
import { version } from "../package.json" with { type: "json" };
import { addHealth } from "../shared/http.ts";
import { runProcess } from "../shared/testing/process.ts";
import { imageParts, type Rendered, render, selects } from "./render.ts";

/** Every folder that can be rendered by itself; components are rendered where they are used. */
const FOLDERS = [...new Bun.Glob("**/kustomization.yaml").scanSync(import.meta.dir)]
  .filter((path) => !path.includes("components/"))
  .map((path) => path.replace(/\/?kustomization\.yaml$/, ""));

/** The programs by the name of their image, as they describe themselves. */
const HELP: Readonly<Record<string, string>> = {
  "prometheus-metrics-proxy-hook": await help("webhook"),
  "lb-exporter": await help("exporter"),
};

async function help(component: string): Promise<string> {
  const main = join(import.meta.dir, "..", component, "main.ts");
  const { code, stdout, stderr } = await runProcess([process.execPath, main, "--help"]);
  if (code !== 0) throw new Error(`${component} --help ended with ${code}: ${stderr}`);
  return stdout;
}

const CASES: [string, Rendered][] = [];
for (const folder of FOLDERS) CASES.push([folder, await render(folder)]);

test("there is something to check", () => {
  expect(FOLDERS).toContain("webhook/base");
  expect(FOLDERS).toContain("exporter/base");
});

describe.each(CASES)("manifests/%s", (_folder, rendered) => {
  const containers = rendered.workloads().flatMap(({ spec }) => spec.containers);

  test("holds no Secret, and no object twice", () => {
    expect(rendered.all("Secret")).toEqual([]);
    const ids = rendered.objects.map(
      ({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`,
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("has Services and PodDisruptionBudgets that select a Deployment, by ports that exist", () => {
    for (const { spec } of rendered.all("Service")) {
      const target = rendered.workloads().find(({ labels }) => selects(spec?.selector, labels));
      const ports = target?.spec.containers.flatMap((container) => container.ports ?? []) ?? [];
      for (const { targetPort } of spec?.ports ?? []) {
        expect(ports.map(({ name }) => name)).toContain(String(targetPort));
      }
      expect(spec?.ports).not.toBeEmpty();
    }
    for (const { spec } of rendered.all("PodDisruptionBudget")) {
      const selector = spec?.selector?.matchLabels;
      expect(rendered.workloads().some(({ labels }) => selects(selector, labels))).toBe(true);
      expect(spec?.maxUnavailable).toBe(1);
    }
  });

  test.each(rendered.workloads())(
    "$name selects its own pods and mounts what it has",
    (workload) => {
      const { spec, selector, labels } = workload;
      expect(selects(selector, labels)).toBe(true);
      const volumes = (spec.volumes ?? []).map(({ name }) => name);
      for (const { name } of spec.containers.flatMap(({ volumeMounts }) => volumeMounts ?? [])) {
        expect(volumes).toContain(name);
      }
      const accounts = rendered.all("ServiceAccount").map(({ metadata }) => metadata?.name);
      expect([undefined, ...accounts]).toContain(spec.serviceAccountName);
    },
  );

  test.each(rendered.workloads())(
    "$name has a token only where it calls the API, no service links and no root",
    ({ spec }) => {
      const calls = spec.containers.some(({ args = [] }) => args.includes("--self-signed"));
      expect(spec).toMatchObject({
        automountServiceAccountToken: calls,
        enableServiceLinks: false,
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 65_532,
          seccompProfile: { type: "RuntimeDefault" },
        },
      });
    },
  );

  test.each(containers)("$name is restricted and says what it needs", (container) => {
    expect(container.securityContext).toMatchObject({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    expect(container.resources).toMatchObject({
      requests: { cpu: expect.any(String), memory: expect.any(String) },
      limits: { memory: expect.any(String) },
    });
  });

  test.each(containers)(
    "$name runs this version, by flags and variables that it has",
    (container) => {
      const { name, tag } = imageParts(container.image);
      expect(tag).toBe(version);
      const page = HELP[name];
      if (page === undefined) throw new RangeError(`No program for the image ${container.image}`);
      const flags = [...page.matchAll(/^ {2}--([\w.-]+)/gm)].map(([, flag]) => flag);
      for (const arg of container.args ?? []) {
        expect(flags).toContain(/^--([\w.-]+)/.exec(arg)?.[1]);
      }
      for (const { name: variable } of container.env ?? []) {
        expect(page).toMatch(new RegExp(`\\b${variable}\\b`));
      }
    },
  );

  test.each(containers)(
    "$name is probed where every health listener answers",
    async (container) => {
      const { livenessProbe, readinessProbe, ports = [] } = container;
      const app = new Hono();
      addHealth(app, () => "not ready");
      const statuses = [];
      for (const probe of [livenessProbe, readinessProbe]) {
        const { path = "/", port } = probe?.httpGet ?? {};
        expect(ports.map(({ name }) => name)).toContain(String(port));
        statuses.push((await app.request(path)).status);
      }
      expect(statuses).toEqual([200, 503]);
    },
  );
});
