/** Pods are scraped by their annotations or by a monitor, never by both, and at a port that they have. */
import type { Rendered } from "../render.ts";
import { type Finding, isNear } from "./finding.ts";
import { portsOf } from "./ports.ts";
import { fits, type Selector } from "./selector.ts";

export function checkAnnotations(rendered: Rendered): readonly Finding[] {
  const monitors = rendered.ofKind("PodMonitor");
  return rendered.workloads().flatMap((workload) => {
    const { object, field, labels, annotations } = workload;
    const scrape = annotations["prometheus.io/scrape"];
    if (scrape !== "true") return [];
    const name = (key: string) => `${field.replace(/spec$/, "metadata.annotations")}[${key}]`;
    const findings: Finding[] = [];
    const port = annotations["prometheus.io/port"];
    if (port !== undefined && !portsOf(workload).includes(Number(port))) {
      const allowed = portsOf(workload).join(", ");
      findings.push({ object, field: name("prometheus.io/port"), value: port, allowed });
    }
    const isSeen = monitors.some(
      (one) => isNear(one, object) && fits(one.spec?.selector as Selector, labels),
    );
    if (isSeen) {
      const allowed = "missing: a PodMonitor selects these pods too";
      findings.push({ object, field: name("prometheus.io/scrape"), value: scrape, allowed });
    }
    return findings;
  });
}
