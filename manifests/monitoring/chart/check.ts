/** The values for kube-prometheus-stack: keys that the chart has, hosts that the ingresses have, receivers for each severity. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { type Route, receiversOf } from "./alertmanager.ts";
import { CHART, CHART_KEYS, pathsOf } from "./keys.ts";

interface AlertmanagerValues {
  readonly alertmanager: {
    readonly config: {
      readonly route: Route;
      readonly receivers: readonly { readonly name: string }[];
    };
    readonly alertmanagerSpec: { readonly secrets: readonly string[] };
  };
}

const read = (path: string) => Bun.file(join(import.meta.dir, "../../..", path)).text();

const text = await read("manifests/monitoring/prometheus-values.yaml");
/** With what goes with the ingresses: keys that are commented out. */
const all = Bun.YAML.parse(
  text.replaceAll(/^( *)# ( *(?:grafana\.ini:|server:|root_url: .*|externalUrl: .*))$/gm, "$1$2"),
) as {
  readonly grafana: { readonly "grafana.ini": { readonly server: { readonly root_url: string } } };
  readonly prometheus: { readonly prometheusSpec: { readonly externalUrl: string } };
};
const runbooks = await read("docs/runbooks.md");
const [example = ""] = /^alertmanager:\n(?:[ ].*\n|\n)*/m.exec(runbooks) ?? [];
const receivers = Bun.YAML.parse(example) as AlertmanagerValues;

test("the chart's version is named alike, and with the keys that are known of it", () => {
  const versions = [...text.matchAll(/(?:chart|--version) (\d+\.\d+\.\d+)/g)].map(([, one]) => one);
  expect(versions).toEqual([CHART, CHART]);
});

test("every key is one that the chart has, and every key that is known is used", () => {
  const used = new Set([...pathsOf(all), ...pathsOf(receivers)]);
  expect([...used].sort()).toEqual(Object.keys(CHART_KEYS).sort());
});

test("what leads back to Grafana and Prometheus is what their ingresses have", async () => {
  const hosts = Bun.YAML.parse(await read("manifests/monitoring/ingress/hosts.yaml")) as {
    readonly data: { readonly grafana: string; readonly prometheus: string };
  };
  expect(all.grafana["grafana.ini"].server.root_url).toBe(`https://${hosts.data.grafana}`);
  expect(all.prometheus.prometheusSpec.externalUrl).toBe(`https://${hosts.data.prometheus}`);
});

test("discovery by EndpointSlices comes with the kubelets' own", () => {
  expect(all).toMatchObject({
    prometheus: { prometheusSpec: { serviceDiscoveryRole: "EndpointSlice" } },
    prometheusOperator: { kubeletEndpointSliceEnabled: true },
  });
});

describe("the example of receivers in docs/runbooks.md", () => {
  const { config, alertmanagerSpec } = receivers.alertmanager;

  test.each([
    [{ severity: "critical", namespace: "monitoring" }, ["pager"]],
    [{ severity: "critical" }, ["pager"]],
    [{ severity: "warning", namespace: "monitoring" }, ["team"]],
    [{ severity: "info", namespace: "monitoring" }, ["null"]],
    [{ severity: "critical", namespace: "monitoring-dev" }, ["team"]],
    [{ severity: "critical", namespace: "monitoring-staging" }, ["team"]],
    [{ severity: "info", namespace: "monitoring-dev" }, ["null"]],
    [{ severity: "none", alertname: "Watchdog" }, ["null"]],
  ])("leads %j to %j", (labels, wanted) => {
    expect(receiversOf(config.route, labels)).toEqual(wanted);
  });

  test("has each receiver that a route names, and no credential but in files of its Secret", () => {
    const named = [...example.matchAll(/receiver: "?(\w+)"?/g)].map(([, name]) => name ?? "");
    expect(new Set(config.receivers.map(({ name }) => name))).toEqual(new Set(named));
    const files = [...example.matchAll(/_file: (\S+)\/[^/\s]+$/gm)].map(([, folder]) => folder);
    const folders = alertmanagerSpec.secrets.map((one) => `/etc/alertmanager/secrets/${one}`);
    expect(new Set(files)).toEqual(new Set(folders));
    expect(example).not.toMatch(/(api_url|routing_key|service_key|password|url):/);
  });
});
