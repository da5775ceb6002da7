/** What dashboards ask of a program's metrics of its own: each replica, or the sum of all of them. */
import { choice, jobChoices } from "./variables.ts";

export const SELECTED = 'namespace=~"$namespace", job=~"$job", instance=~"$instance"';

/** Labels that tell one replica from another. */
export const REPLICA = "namespace, pod, instance";

export const REPLICA_NAME = "{{pod}} {{instance}}";

/** The variables of `SELECTED`; `metric` is one that every replica has. */
export function replicaChoices(metric: string): readonly object[] {
  return [
    ...jobChoices(metric),
    choice(
      "instance",
      "Instance",
      `label_values(${metric}{namespace=~"$namespace", job=~"$job"}, instance)`,
    ),
  ];
}

export function each(metric: string): string {
  return `max by (${REPLICA}) (${metric}{${SELECTED}})`;
}

/** What a counter has grown in the time range of the dashboard. */
export function during(counter: string, more = ""): string {
  const selector = more === "" ? SELECTED : `${SELECTED}, ${more}`;
  return `increase(${counter}{${selector}}[$__range])`;
}

/** What counters grow per minute, by labels; without any, their sum. */
export function perMinute(labels: string, counter: string): string {
  const sum = labels === "" ? "sum" : `sum by (${labels}) `;
  return `60 * ${sum}(rate(${counter}{${SELECTED}}[$__rate_interval]))`;
}
