/**
 * The values of kube-prometheus-stack that prometheus-values.yaml and docs/runbooks.md set, as the values.yaml of the chart
 * and of its Grafana chart spell them: Helm takes an unknown key without a word. Read in the chart's source at Prometheus
 * 3.5 and Alertmanager 0.28; look a new key up before it gets in here, and all of them where CHART changes.
 */

/** The version that is installed. */
export const CHART = "80.8.2";

/** `free` where what is below is not the chart's: another program's configuration, or a part of a pod. */
export const CHART_KEYS: Readonly<Record<string, "value" | "free">> = {
  "alertmanager.alertmanagerSpec.secrets": "free",
  "alertmanager.config": "free",
  "grafana.admin.existingSecret": "value",
  "grafana.admin.passwordKey": "value",
  "grafana.admin.userKey": "value",
  "grafana.grafana.ini": "free",
  "grafana.sidecar.dashboards.folderAnnotation": "value",
  "grafana.sidecar.dashboards.label": "value",
  "grafana.sidecar.dashboards.labelValue": "value",
  "grafana.sidecar.dashboards.provider.foldersFromFilesStructure": "value",
  "prometheus.prometheusSpec.additionalScrapeConfigs": "free",
  "prometheus.prometheusSpec.externalUrl": "value",
  "prometheus.prometheusSpec.retention": "value",
  "prometheus.prometheusSpec.retentionSize": "value",
  "prometheus.prometheusSpec.scrapeInterval": "value",
  "prometheus.prometheusSpec.serviceDiscoveryRole": "value",
  "prometheus.prometheusSpec.storageSpec": "free",
  "prometheusOperator.kubeletEndpointSliceEnabled": "value",
};

/** The paths of what is set, down to the first that is `free`. */
export function pathsOf(values: unknown, path = ""): readonly string[] {
  const isMap = typeof values === "object" && values !== null && !Array.isArray(values);
  if (!isMap || CHART_KEYS[path] === "free") return [path];
  return Object.entries(values).flatMap(([key, value]) =>
    pathsOf(value, path === "" ? key : `${path}.${key}`),
  );
}
