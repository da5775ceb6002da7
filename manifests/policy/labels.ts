/** The recommended labels on every object and every pod of ours, and the one by which Prometheus finds its own. */
import type { KubernetesObject, Labels, Rendered } from "../render.ts";
import type { Finding } from "./finding.ts";

const LABELS: readonly (readonly [key: string, allowed: string | undefined])[] = [
  ["app.kubernetes.io/name", undefined],
  ["app.kubernetes.io/component", undefined],
  ["app.kubernetes.io/part-of", "prometheus-whole-scrape"],
];

export function checkLabels(rendered: Rendered): readonly Finding[] {
  const objects = rendered.objects.flatMap((object) =>
    judge(object, "metadata.labels", object.metadata.labels ?? {}),
  );
  const pods = rendered
    .workloads()
    .filter(({ field }) => field !== "spec")
    .flatMap(({ object, field, labels }) =>
      judge(object, field.replace(/spec$/, "metadata.labels"), labels),
    );
  return [...objects, ...pods];
}

function judge(object: KubernetesObject, field: string, labels: Labels): readonly Finding[] {
  return LABELS.flatMap(([key, allowed]) => {
    const value = labels[key];
    const isAllowed = allowed === undefined ? (value ?? "") !== "" : value === allowed;
    if (isAllowed) return [];
    return [{ object, field: `${field}[${key}]`, value, allowed: allowed ?? "a name" }];
  });
}

/** kube-prometheus-stack, installed as `prometheus`, reads what has this label. */
export function checkRelease(rendered: Rendered): readonly Finding[] {
  const kinds = ["PodMonitor", "ServiceMonitor", "Probe", "ScrapeConfig", "PrometheusRule"];
  return rendered.ofKind(...kinds).flatMap((object) => {
    const value = object.metadata.labels?.release;
    if (value === "prometheus") return [];
    return [{ object, field: "metadata.labels[release]", value, allowed: "prometheus" }];
  });
}

/** A selector cannot be changed, a version is: with it in the selector no upgrade can be applied. */
export function checkSelectorLabels(rendered: Rendered): readonly Finding[] {
  const key = "app.kubernetes.io/version";
  return rendered
    .workloads()
    .filter(({ selector }) => key in selector)
    .map(({ object, selector }) => {
      const field = `spec.selector.matchLabels[${key}]`;
      return { object, field, value: selector[key], allowed: "labels that no release changes" };
    });
}
