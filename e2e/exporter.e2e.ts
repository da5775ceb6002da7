/** The compiled exporter under a real Prometheus: what dashboards ask, and what alerts see of a fault. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { eventually } from "../shared/testing/eventually.ts";
import { startProcess } from "../shared/testing/process.ts";
import { startPrometheus } from "./prometheus.ts";

const ROOT = join(import.meta.dir, "..");
const JSON_LOG = "--log-format=json";

/** What the dashboards of the Python exporter ask, with the variable's value in place. */
const DASHBOARD_QUERIES = [
  "ktcloud_lb_total_count",
  "sum(ktcloud_lb_info)",
  "count(ktcloud_lb_info == 0)",
  "ktcloud_lb_info",
  "ktcloud_lb_service_type_count",
  'ktcloud_lb_server_count{lb_name=~"jumun-web-lb-1"}',
  'ktcloud_lb_server_state{lb_name="jumun-web-lb-1"}',
  'ktcloud_server_avg_ttfb_ms{lb_name="jumun-web-lb-1"}',
  'ktcloud_server_throughput_rate_kbps{lb_name="jumun-web-lb-1"}',
  'ktcloud_server_requests_rate_per_sec{lb_name="jumun-web-lb-1"}',
  'ktcloud_server_current_connections{lb_name="jumun-web-lb-1"} > 0',
  'sum(ktcloud_server_current_connections{lb_name="jumun-web-lb-1"} > 0)',
  'group by (lb_name, zone) (ktcloud_lb_info{job="ktcloud-lb"})',
];

/** A simulated cloud, the exporter and Prometheus, all of them quick. */
async function startAll(stack: AsyncDisposableStack) {
  const command = ["bun", `${ROOT}/exporter/ktcloud/simulator.ts`, JSON_LOG, "--port=0"];
  const simulator = stack.use(startProcess(command));
  const cloud = `http://127.0.0.1:${await simulator.port("simulator")}`;
  const args = [
    "--web.listen-address=127.0.0.1:0",
    `--api.url=${cloud}`,
    "--api.dialect=command",
    "--collect.interval=1s",
    "--collect.start-jitter=0s",
    "--staleness.max-age=3s",
  ];
  const env = {
    CLOUD_ID: "demo@example.com",
    CLOUD_PASSWORD: "demo-password",
    CLOUD_ZONE: "DX-M1",
  };
  const exporter = stack.use(startProcess([`${ROOT}/dist/exporter`, JSON_LOG, ...args], { env }));
  const port = await exporter.port("web");
  const prometheus = stack.use(await startPrometheus([{ job: "ktcloud-lb", port }], "1s"));
  const set = async (knobs: object) => {
    const body = JSON.stringify(knobs);
    expect((await fetch(`${cloud}/-/knobs`, { method: "PUT", body })).status).toBe(200);
  };
  return { prometheus, port, set };
}

describe("under Prometheus", () => {
  test("every query of the original's dashboards finds its series", async () => {
    await using stack = new AsyncDisposableStack();
    const { prometheus, port } = await startAll(stack);
    await eventually("a page of load balancers was scraped", async () => {
      return (await prometheus.query("ktcloud_lb_total_count == 6")).length === 1;
    });
    for (const query of DASHBOARD_QUERIES) {
      expect([query, (await prometheus.query(query)).length > 0]).toEqual([query, true]);
    }
    // As Prometheus asks by itself, so that this was no text page.
    const own = await (await fetch(`http://127.0.0.1:${port}/-/metrics`)).text();
    expect(own).toMatch(/exporter_scrapes_total\{format="openmetrics",encoding="gzip"\} [1-9]/);
  });

  test("a cloud that is down is seen as down, never as empty, and its series end at the maximum age", async () => {
    await using stack = new AsyncDisposableStack();
    const { prometheus, set } = await startAll(stack);
    await eventually("all is well", async () => {
      return (await prometheus.query("ktcloud_zone_up == 1")).length === 1;
    });
    await set({ faults: [{ kind: "status", status: 503, body: "html" }] });
    await eventually("the zone is down", async () => {
      return (await prometheus.query("ktcloud_zone_up == 0")).length === 1;
    });
    await eventually("what was known has ended", async () => {
      const known = await prometheus.query("ktcloud_lb_total_count or ktcloud_lb_server_count");
      return known.length === 0;
    });
    await set({ faults: [] });
    await eventually("all is well again", async () => {
      return (await prometheus.query("ktcloud_lb_total_count")).length === 1;
    });
    for (const name of ["ktcloud_lb_total_count", "ktcloud_lb_server_count"]) {
      const [least] = await prometheus.query(`min(min_over_time(${name}[5m]))`);
      expect([name, least?.value]).toEqual([name, name === "ktcloud_lb_total_count" ? 6 : 3]);
    }
    const [failed] = await prometheus.query('sum(ktcloud_api_errors_total{class="http"})');
    expect(failed?.value).toBeGreaterThan(0);
  });
});
