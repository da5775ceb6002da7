/** The scrape jobs against promtool, against each other and against what they scrape; the chart's values; the ingresses. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runProcess } from "../../shared/testing/process.ts";
import { ANNOTATIONS } from "../../webhook/annotations.ts";
import { definition } from "../../webhook/config.ts";
import { render } from "../render.ts";

interface Relabelling {
  readonly source_labels?: readonly string[];
  readonly regex?: string;
  readonly action?: string;
}

interface Job {
  readonly job_name: string;
  readonly scrape_interval: string;
  readonly kubernetes_sd_configs: unknown;
  readonly relabel_configs: readonly Relabelling[];
}

interface Values {
  readonly grafana: {
    readonly admin: unknown;
    readonly adminPassword?: unknown;
    readonly sidecar: {
      readonly dashboards: { label: string; labelValue: string; folderAnnotation: string };
    };
  };
  readonly prometheus: {
    readonly prometheusSpec: {
      readonly additionalScrapeConfigs: readonly Job[];
    };
  };
}

async function read<T>(file: string): Promise<T> {
  return Bun.YAML.parse(await Bun.file(join(import.meta.dir, file)).text()) as T;
}

const values = await read<Values>("prometheus-values.yaml");
const plain = await read<{ readonly scrape_configs: readonly Job[] }>("plain/prometheus.yaml");
const jobs = plain.scrape_configs;
const directory = await mkdtemp(join(tmpdir(), "every-scrape-whole-"));
afterAll(() => rm(directory, { recursive: true, force: true }));

function jobOf(name: string): Job {
  const job = jobs.find(({ job_name }) => job_name === name);
  if (job === undefined) throw new RangeError(`No job ${name}`);
  return job;
}

/** What promtool says of a configuration. That of Debian knows no discovery by Kubernetes, so it gets another one. */
async function promtool(name: string, config: { readonly scrape_configs: readonly Job[] }) {
  const scrape_configs = config.scrape_configs.map((job) => ({
    ...job,
    kubernetes_sd_configs: undefined,
    file_sd_configs: [{ files: ["targets.json"] }],
  }));
  const file = join(directory, `${name}.yaml`);
  await writeFile(file, JSON.stringify({ ...config, scrape_configs }));
  return await runProcess(["promtool", "check", "config", "--syntax-only", file]);
}

describe("the scrape jobs", () => {
  test("are the same with the operator and without it", () => {
    expect(values.prometheus.prometheusSpec.additionalScrapeConfigs).toEqual([...jobs]);
    expect(jobs.map(({ job_name }) => job_name)).toEqual([
      "ktcloud-lb",
      "lb-exporter",
      "kubernetes-pods",
    ]);
  });

  test("are what promtool takes", async () => {
    expect(await promtool("plain", plain)).toMatchObject({ code: 0 });
    const broken = { scrape_configs: [{ ...jobOf("ktcloud-lb"), scrape_interval: "1 minute" }] };
    expect(await promtool("broken", broken)).toMatchObject({ code: 1 });
  });

  test("hold nothing that the chart, for which they are a template, would expand", () => {
    expect(JSON.stringify(jobs)).not.toContain("{{");
  });

  test("discover the exporter where it runs once for an account, and pods everywhere", () => {
    const slices = [{ role: "endpointslice", namespaces: { names: ["monitoring"] } }];
    expect(jobOf("ktcloud-lb").kubernetes_sd_configs).toEqual(slices);
    expect(jobOf("lb-exporter").kubernetes_sd_configs).toEqual(slices);
    expect(jobOf("lb-exporter").relabel_configs).toEqual(jobOf("ktcloud-lb").relabel_configs);
    expect(jobOf("kubernetes-pods").kubernetes_sd_configs).toEqual([{ role: "pod" }]);
  });

  test("keep the Service and the port that the exporter has, and no other job finds its pods", async () => {
    const exporter = await render("exporter/base");
    const { metadata, spec } = exporter.one("Service");
    const names = spec?.ports?.map(({ name }) => `${metadata?.name};${name}`);
    expect(names).toEqual([jobOf("ktcloud-lb").relabel_configs[0]?.regex ?? ""]);
    const annotations = exporter.one("Deployment").spec?.template.metadata?.annotations ?? {};
    expect(annotations).not.toHaveProperty(["prometheus.io/scrape"]);
  });

  test("ask as the original's users are used to, and pods no less often than the webhook allows for", () => {
    expect(jobOf("ktcloud-lb")).toMatchObject({
      scrape_interval: "60s",
      scrape_timeout: "20s",
      honor_labels: true,
    });
    const seconds = Number.parseInt(jobOf("kubernetes-pods").scrape_interval, 10);
    const allowed = Number(definition.flags.scrapeIntervalSeconds.default);
    expect(seconds).toBeLessThanOrEqual(allowed);
  });

  test("read the annotations that the webhook reads and writes", () => {
    const labels = jobOf("kubernetes-pods").relabel_configs.flatMap((one) => [
      ...(one.source_labels ?? []),
      one.regex,
    ]);
    for (const name of ["scrape", "port", "path", "scheme"] as const) {
      const label = ANNOTATIONS[name].key.replaceAll(/[^\w]/g, "_");
      expect(labels).toContain(`__meta_kubernetes_pod_annotation_${label}`);
    }
    expect(labels).toContain("__meta_kubernetes_pod_annotation_prometheus_io_param_(.+)");
  });
});

describe("prometheus-values.yaml", () => {
  test("names the Secret of the password and holds none", () => {
    expect(values.grafana.admin).toEqual({
      existingSecret: "grafana-admin",
      userKey: "admin-user",
      passwordKey: "admin-password",
    });
    expect(values.grafana).not.toHaveProperty("adminPassword");
  });

  test("lets Grafana and the operator find what manifests/monitoring has", async () => {
    const rendered = await render("monitoring");
    const { label, labelValue, folderAnnotation } = values.grafana.sidecar.dashboards;
    const dashboards = rendered.all("ConfigMap");
    expect(dashboards).not.toBeEmpty();
    for (const { metadata } of dashboards) {
      expect(metadata?.labels).toMatchObject({ [label]: labelValue });
      expect(metadata?.annotations).toHaveProperty([folderAnnotation]);
    }
    const rules = rendered.all("PrometheusRule");
    expect(rules).toHaveLength(2);
    for (const { metadata } of rules) {
      expect(metadata.labels).toMatchObject({ release: "prometheus" });
    }
  });
});

describe("the folder of a product", () => {
  const products = [
    ["lb-exporter", "KTCloudExporterAbsent"],
    ["final-scrape", "FinalScrapeWebhookAbsent"],
  ] as const;

  test.each(products)(
    "%s has rules that page when it is absent, and none of the other product's",
    async (name, absent) => {
      const rendered = await render(`monitoring/${name}`);
      expect(rendered.all("PrometheusRule").map(({ metadata }) => metadata.name)).toEqual([name]);
      const alerts = [...JSON.stringify(rendered.objects).matchAll(/"alert":"(\w+Absent)"/g)];
      const others = products.flatMap(([, other]) => (other === absent ? [] : [other]));
      const fired = alerts.map(([, alert = ""]) => alert);
      expect(fired).toContain(absent);
      for (const other of others) expect(fired).not.toContain(other);
    },
  );

  test("with the other one's is all that there is: one application of both, each object once", async () => {
    const both = [
      ...(await namesOf("monitoring/lb-exporter")),
      ...(await namesOf("monitoring/final-scrape")),
    ];
    expect((await namesOf("monitoring")).toSorted()).toEqual(both.toSorted());
    const dashboards = both.filter((one) => one.startsWith("ConfigMap"));
    expect((await namesOf("monitoring/dashboards")).toSorted()).toEqual(dashboards.toSorted());
  });
});

test("the ingresses have their hosts from one place, TLS, and a login before Prometheus", async () => {
  const rendered = await render("monitoring/ingress");
  expect(rendered.all("ConfigMap")).toEqual([]);
  const { data } = await read<{ data: Record<string, string> }>("ingress/hosts.yaml");
  const ports = { "prometheus-grafana": 80, "prometheus-kube-prometheus-prometheus": 9090 };
  const services = Object.entries(ports).map(([name, number]) => ({ name, port: { number } }));
  expect(rendered.all("Ingress")).toMatchObject(
    ["grafana", "prometheus"].map((name, i) => ({
      metadata: { name, namespace: "monitoring" },
      spec: {
        ingressClassName: data.class,
        tls: [{ hosts: [data[name]], secretName: `${name}-tls` }],
        rules: [{ host: data[name], http: { paths: [{ backend: { service: services[i] } }] } }],
      },
    })),
  );
  const [, prometheus] = rendered.all("Ingress");
  expect(prometheus?.metadata?.annotations).toMatchObject({
    "nginx.ingress.kubernetes.io/auth-type": "basic",
    "nginx.ingress.kubernetes.io/auth-secret": "prometheus-basic-auth",
  });
});

test("a Prometheus without the operator gets its configuration, and may list and watch only", async () => {
  const rendered = await render("monitoring/plain");
  const text = await Bun.file(join(import.meta.dir, "plain/prometheus.yaml")).text();
  expect(rendered.one("ConfigMap")).toMatchObject({ data: { "prometheus.yml": text } });
  const verbs = rendered.one("ClusterRole").rules?.flatMap((rule) => rule.verbs);
  expect(new Set(verbs)).toEqual(new Set(["list", "watch"]));
  const { name, namespace } = rendered.one("ServiceAccount").metadata ?? {};
  expect(rendered.one("ClusterRoleBinding")).toMatchObject({
    roleRef: { name: rendered.one("ClusterRole").metadata?.name },
    subjects: [{ kind: "ServiceAccount", name, namespace }],
  });
});

async function namesOf(folder: string): Promise<readonly string[]> {
  return (await render(folder)).objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
}
