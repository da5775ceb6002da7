/** A page that holds every metric of the exporter -> the Markdown rows that document them. */
import { createCounters } from "../exporter/counters.ts";
import type { PageFacts } from "../exporter/facts.ts";
import { renderPage } from "../exporter/render.ts";
import { UNKNOWN_ZONE } from "../exporter/zone.ts";

/** The 14 that the Python original had. */
const INHERITED = 14;

/** Rows `name, type, labels, meaning`: the inherited metrics, or those added to them. */
export function exporterMetrics(which: "inherited" | "added"): readonly (readonly string[])[] {
  const rows = readPage(renderPage(EXAMPLE).text);
  return which === "inherited" ? rows.slice(0, INHERITED) : rows.slice(INHERITED);
}

function readPage(page: string): (readonly string[])[] {
  return page
    .split("# HELP ")
    .slice(1)
    .map((part) => {
      const [head = "", typeLine = "", sample = ""] = part.split("\n");
      const [name = ""] = head.split(" ", 1);
      const type = typeLine.split(" ").at(-1) ?? "";
      const labels = [...sample.matchAll(/(\w+)="/g)].map(([, label]) => label);
      const shown = labels.filter((label) => label !== "le").map((label) => `\`${label}\``);
      return [`\`${name}\``, type, shown.join(", "), head.slice(name.length + 1)];
    });
}

const server = {
  ip: "10.0.0.1",
  port: "80",
  state: "OUT OF SERVICE",
  connections: 1,
  throughputRate: 1,
  averageTtfbMs: 1,
  requestsPerSecond: 1,
  requestByteRate: 1,
  responseByteRate: 1,
};

const balancer = {
  id: "1",
  name: "web",
  serviceIp: "10.0.0.2",
  servicePort: "80",
  serviceType: "HTTP",
  option: "ROUNDROBIN",
  healthcheckType: "tcp",
  state: "UP",
  connections: 1,
  requestsPerSecond: 1,
};

const timing = { startedAtMs: 1, durationMs: 1 };

/** One zone with one load balancer and one server, of which everything is known. */
const EXAMPLE: PageFacts = {
  zones: [
    {
      account: undefined,
      zone: "DX-M1",
      counters: {
        ...createCounters(),
        calls: { token: { 201: 1 }, list_load_balancers: {}, list_servers: {} },
      },
      state: {
        ...UNKNOWN_ZONE,
        up: true,
        dialect: "rest",
        known: {
          balancers: [
            {
              balancer,
              success: true,
              problem: undefined,
              servers: { items: [server], listed: 1, atMs: 1 },
            },
          ],
          listed: 1,
          filtered: 0,
        },
        last: timing,
        lastSuccess: timing,
      },
    },
  ],
  totals: { pages: 1, overruns: 0 },
  exporter: { version: "", port: "", scrape_interval: "", data_source: "", description: "" },
  last: timing,
  builtAtMs: 1,
};
