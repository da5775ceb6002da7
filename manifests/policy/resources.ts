/** Every container says what CPU and memory it needs, and has a limit of memory. */
import { parseQuantity } from "../../webhook/quantity.ts";
import type { Rendered } from "../render.ts";
import { allContainers } from "./containers.ts";
import type { Finding } from "./finding.ts";

const NEEDED = ["requests.cpu", "requests.memory", "limits.memory"] as const;

export function checkResources(rendered: Rendered): readonly Finding[] {
  return allContainers(rendered).flatMap(({ workload: { object }, container, field }) => {
    const { requests = {}, limits = {} } = container.resources ?? {};
    const given: Readonly<Record<string, string | undefined>> = {
      "requests.cpu": requests.cpu,
      "requests.memory": requests.memory,
      "limits.memory": limits.memory,
    };
    const findings: Finding[] = [];
    for (const name of NEEDED) {
      const value = given[name];
      if (parseQuantity(value) !== undefined) continue;
      const allowed = "a quantity such as 50m or 64Mi";
      findings.push({ object, field: `${field}.resources.${name}`, value, allowed });
    }
    for (const key of ["cpu", "memory"]) {
      const limit = limits[key];
      if (limit === undefined || isAtMost(requests[key], limit)) continue;
      const name = `${field}.resources.requests.${key}`;
      findings.push({ object, field: name, value: requests[key], allowed: `at most ${limit}` });
    }
    return findings;
  });
}

function isAtMost(request: string | undefined, limit: string): boolean {
  return (parseQuantity(request) ?? 0) <= (parseQuantity(limit) ?? 0);
}
