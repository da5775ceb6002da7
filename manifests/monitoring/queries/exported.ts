/** Pages of metrics -> the names on them with their labels, and the jobs that scrape them. */

interface ExportedMetric {
  readonly labels: Set<string>;
  /** Job labels under which Prometheus has it. */
  readonly jobs: Set<string>;
}

export type Exported = ReadonlyMap<string, ExportedMetric>;

/** A page in the text format, and the job that scrapes it. */
interface ExportedPage {
  readonly job: string;
  readonly text: string;
}

/**
 * Names as Prometheus stores them. Those that are declared by a TYPE line and have no sample are left out:
 * nothing is known of their labels.
 */
export function readExported(pages: readonly ExportedPage[]): Exported {
  const exported = new Map<string, ExportedMetric>();
  for (const { job, text } of pages) {
    for (const line of text.split("\n")) {
      const sample = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? /.exec(line);
      if (sample === null) continue;
      const [, name = "", labels = ""] = sample;
      const metric = exported.get(name) ?? { labels: new Set(), jobs: new Set() };
      exported.set(name, metric);
      metric.jobs.add(job);
      for (const [, label = ""] of labels.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)) {
        metric.labels.add(label);
      }
    }
  }
  return exported;
}
