/** The exporter's components, as the examples use them, against the real exporter. */
import { describe, expect, test } from "bun:test";
import { eventually } from "../../../shared/testing/eventually.ts";
import { render } from "../../render.ts";
import { MOUNT_PATH, runContainer, SECRET, startContainer } from "../start.ts";

const several = await render("exporter/examples/accounts");
const operators = await render("exporter/examples/operators");

describe("manifests/exporter/components/accounts", () => {
  const container = several.container();
  const [map] = several.all("ConfigMap") as readonly { readonly data?: Record<string, string> }[];
  const accounts = map?.data?.["accounts.yaml"] ?? "";
  // What the Secret of the same name has to hold: the files that the accounts name.
  const named = [...accounts.matchAll(/_file: (\S+)/g)].map(([, file = ""]) => [
    file,
    "REPLACE-ME",
  ]);
  const files = { "accounts.yaml": accounts, ...Object.fromEntries(named) };

  test("takes the one account away, and mounts ConfigMap and Secret in its place, whole", () => {
    expect(container.env ?? []).toEqual([]);
    expect(container.volumeMounts).toEqual([
      { name: "access", mountPath: MOUNT_PATH, readOnly: true },
    ]);
    const name = "lb-exporter-accounts"; // Without a hash: a change is no rollout.
    expect(several.all("ConfigMap").map(({ metadata }) => metadata?.name)).toEqual([name]);
    const [workload] = several.workloads();
    expect(workload?.spec.volumes).toEqual([
      {
        name: "access",
        projected: { defaultMode: 0o440, sources: [{ configMap: { name } }, { secret: { name } }] },
      },
    ]);
  });

  test("has an example that the exporter accepts", async () => {
    await using exporter = await startContainer(container, { files });
    const check = runContainer(container, exporter.mounted.directory, ["--config.check"]);
    expect(await check.ended()).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("SUCCESS: 2 accounts, 3 zones"),
    });
  });

  test("is followed without a restart, account and password in one step", async () => {
    await using exporter = await startContainer(container, { files });
    const changed = async (times: number) => {
      const { text } = await exporter.get("/-/metrics");
      expect(text).toContain('exporter_config_reloads_total{outcome="failed"} 0');
      return text.includes(`exporter_config_reloads_total{outcome="changed"} ${times}\n`);
    };
    const passwords = named.map(([file = ""]) => [file, "another"]);
    exporter.mounted.swap({ ...files, ...Object.fromEntries(passwords) });
    await eventually("the passwords", () => changed(1));
    exporter.mounted.swap({
      ...files,
      "accounts.yaml": accounts.replace("DX-Central", "DX-DCN-CJ"),
    });
    await eventually("the accounts", () => changed(2));
  });
});

/** Nothing but the job's name and the labels of the static job: `namespace`, `pod`, `instance`. */
const relabelings = (job: string) => [
  { action: "replace", targetLabel: "job", replacement: job },
  { action: "labeldrop", regex: "container|endpoint|service" },
];

describe("manifests/exporter/components/servicemonitor", () => {
  const [monitor] = operators.all("ServiceMonitor");
  const { endpoints = [] } = (monitor?.spec ?? {}) as {
    endpoints?: readonly { readonly path: string; readonly port: string }[];
  };

  test("scrapes both pages under the names of the static jobs", () => {
    expect(endpoints).toEqual([
      {
        port: "metrics",
        path: "/metrics",
        interval: "60s",
        scrapeTimeout: "20s",
        honorLabels: true,
        relabelings: relabelings("ktcloud-lb"),
      },
      {
        port: "metrics",
        path: "/-/metrics",
        interval: "30s",
        scrapeTimeout: "10s",
        relabelings: relabelings("lb-exporter"),
      },
    ] as unknown as typeof endpoints);
    expect(monitor?.metadata.labels?.release).toBe("prometheus");
  });

  test("tells the static jobs to leave the Service alone, which without it they scrape", async () => {
    const label = "prometheus.io/scraped-by";
    const plain = (await render("exporter/overlays/prod")).one("Service").metadata?.labels;
    expect(plain?.[label]).toBeUndefined();
    const { name = "", labels } = operators.one("Service").metadata ?? {};
    expect(name).toBe("lb-exporter");
    expect(labels).toMatchObject({ [label]: "servicemonitor" });
    expect(monitor?.spec?.selector).toEqual({
      matchLabels: { "app.kubernetes.io/name": "lb-exporter", [label]: "servicemonitor" },
    });
  });

  test("asks for pages that the exporter has", async () => {
    await using exporter = await startContainer(operators.container());
    const families = ["ktcloud_zone_up", "exporter_build_info"];
    for (const [index, { path, port }] of endpoints.entries()) {
      expect(operators.one("Service").spec?.ports?.map(({ name }) => name)).toContain(port);
      const { status, text } = await exporter.get(path);
      expect(status).toBe(200);
      expect(text).toContain(`# TYPE ${families[index]} gauge`);
    }
  });
});

test("manifests/exporter/components/external-secret makes the keys of the Secret that is read", () => {
  const [external] = operators.all("ExternalSecret");
  expect(external?.spec).toMatchObject({
    secretStoreRef: { kind: "ClusterSecretStore", name: "vault" },
    target: { name: "lb-exporter" },
    data: Object.keys(SECRET).map((key) => ({ secretKey: key, remoteRef: { property: key } })),
  });
});
