import { describe, expect, test } from "bun:test";
import { createCounters } from "./counters.ts";
import type { PageFacts } from "./facts.ts";
import { readLoadBalancers, readServers } from "./ktcloud/schema.ts";
import { renderPage } from "./render.ts";
import { samples } from "./testing/metrics.ts";
import { UNKNOWN_ZONE, type ZoneState } from "./zone.ts";

const exporter = {
  version: "9.9.9",
  port: "9105",
  scrape_interval: "60",
  data_source: "test",
  description: "a page",
};

function page(state: ZoneState, over: Partial<PageFacts> = {}): Promise<string> {
  const counters = createCounters();
  return renderPage({ zone: "DX-M1", state, counters, exporter, builtAtMs: 1500, ...over });
}

/** A zone with one load balancer of that name, and these servers behind it. */
function zoneOf(name: string, servers?: readonly object[]): ZoneState {
  const items = [
    {
      loadbalancerid: 7,
      name,
      serviceip: "10.0.0.1",
      serviceport: "80",
      servicetype: "HTTP",
      loadbalanceroption: "ROUNDROBIN",
      healthchecktype: "tcp",
      state: "UP",
    },
  ];
  const read = servers && { ...readServers(servers), atMs: 1000 };
  const timing = { startedAtMs: 1000, durationMs: 250 };
  return {
    up: true,
    known: {
      listed: 1,
      balancers: readLoadBalancers(items).items.map((balancer) => ({
        balancer,
        success: read !== undefined,
        servers: read,
      })),
    },
    lastSuccess: timing,
    last: timing,
  };
}

const SERVER = {
  ipaddress: "10.1.0.1",
  publicport: "8080",
  state: "UP",
  cursrvrconnections: 1,
  throughputrate: 2.5,
  avgsvrttfb: 3,
  requestsrate: 4,
};

describe("renderPage()", () => {
  test("gives the 14 inherited metrics the names, types and labels of the original", async () => {
    const text = await page(zoneOf("web", [SERVER]));
    const lines = text.split("\n").filter((line) => !line.startsWith("# HELP") && line !== "");
    const inherited = lines.slice(0, lines.indexOf("# TYPE ktcloud_zone_up gauge"));
    const server = '{lb_id="7",lb_name="web",server_ip="10.1.0.1",server_port="8080",zone="DX-M1"}';
    expect(inherited).toEqual([
      "# TYPE ktcloud_lb_total_count gauge",
      "ktcloud_lb_total_count 1",
      "# TYPE ktcloud_lb_info gauge",
      'ktcloud_lb_info{lb_id="7",lb_name="web",service_ip="10.0.0.1",service_port="80",service_type="HTTP",lb_option="ROUNDROBIN",healthcheck_type="tcp",zone="DX-M1"} 1',
      "# TYPE ktcloud_lb_server_count gauge",
      'ktcloud_lb_server_count{lb_id="7",lb_name="web",zone="DX-M1"} 1',
      "# TYPE ktcloud_lb_service_type_count gauge",
      'ktcloud_lb_service_type_count{service_type="HTTP",zone="DX-M1"} 1',
      "# TYPE ktcloud_lb_server_state gauge",
      `ktcloud_lb_server_state${server} 1`,
      "# TYPE ktcloud_server_current_connections gauge",
      `ktcloud_server_current_connections${server} 1`,
      "# TYPE ktcloud_server_throughput_rate_kbps gauge",
      `ktcloud_server_throughput_rate_kbps${server} 2.5`,
      "# TYPE ktcloud_server_avg_ttfb_ms gauge",
      `ktcloud_server_avg_ttfb_ms${server} 3`,
      "# TYPE ktcloud_server_requests_rate_per_sec gauge",
      `ktcloud_server_requests_rate_per_sec${server} 4`,
      "# TYPE ktcloud_lb_scrape_duration_seconds gauge",
      "ktcloud_lb_scrape_duration_seconds 0.25",
      "# TYPE ktcloud_lb_last_scrape_timestamp gauge",
      "ktcloud_lb_last_scrape_timestamp 1",
      "# TYPE ktcloud_lb_update_conflicts_total counter",
      "ktcloud_lb_update_conflicts_total 0",
      "# TYPE ktcloud_lb_atomic_updates_total counter",
      "ktcloud_lb_atomic_updates_total 0",
      "# TYPE ktcloud_lb_exporter_info_info gauge",
      'ktcloud_lb_exporter_info_info{version="9.9.9",port="9105",scrape_interval="60",data_source="test",description="a page",zone="DX-M1"} 1',
    ]);
  });

  test("before the first success says that the zone is not up, and shows no count and no time", async () => {
    const text = await page(UNKNOWN_ZONE);
    expect(text).toContain('ktcloud_zone_up{zone="DX-M1"} 0');
    for (const name of [
      "ktcloud_lb_total_count",
      "ktcloud_lb_scrape_duration_seconds",
      "ktcloud_lb_last_scrape_timestamp",
      "ktcloud_zone_load_balancers",
      "ktcloud_zone_last_success_timestamp_seconds",
    ]) {
      expect(samples(text, name)).toEqual([]);
    }
    expect(samples(text, "ktcloud_lb_exporter_info_info")).toHaveLength(1);
  });

  test("shows no server and no server count of a load balancer whose servers are not known", async () => {
    const text = await page(zoneOf("web"));
    expect(samples(text, "ktcloud_lb_info")).toHaveLength(1);
    expect(samples(text, "ktcloud_lb_server_count")).toEqual([]);
    expect(samples(text, "ktcloud_lb_server_state")).toEqual([]);
    expect(text).toContain('ktcloud_lb_success{lb_id="7",lb_name="web",zone="DX-M1"} 0');
  });

  test("counts 0 servers where the cloud really listed none", async () => {
    const text = await page(zoneOf("web", []));
    expect(text).toContain('ktcloud_lb_server_count{lb_id="7",lb_name="web",zone="DX-M1"} 0');
  });

  test("writes no sample for a number that the cloud did not give", async () => {
    const text = await page(zoneOf("web", [{ ...SERVER, cursrvrconnections: "", avgsvrttfb: 0 }]));
    expect(samples(text, "ktcloud_server_current_connections")).toEqual([]);
    expect(samples(text, "ktcloud_server_avg_ttfb_ms")).toHaveLength(1);
    expect(samples(text, "ktcloud_lb_server_state")).toHaveLength(1);
  });

  test.each([
    ["UP", 1],
    ["up", 1],
    ["DOWN", 0],
    ["OUT OF SERVICE", 0],
  ])("shows a server in state %s as %d", async (state, value) => {
    const [line] = samples(
      await page(zoneOf("web", [{ ...SERVER, state }])),
      "ktcloud_lb_server_state",
    );
    expect(line).toEndWith(` ${value}`);
  });

  test.each([
    ['a"b', 'a\\"b'],
    ["a\\b", "a\\\\b"],
    ["a\nb", "a\\nb"],
    ["쇼핑몰 {이미지}", "쇼핑몰 {이미지}"],
  ])("escapes the name %j", async (name, escaped) => {
    const [line] = samples(await page(zoneOf(name, [])), "ktcloud_lb_server_count");
    expect(line).toBe(`ktcloud_lb_server_count{lb_id="7",lb_name="${escaped}",zone="DX-M1"} 0`);
  });

  test("ends every line, and names no series twice", async () => {
    const text = await page(zoneOf("web", [SERVER, { ...SERVER, publicport: 81 }]));
    expect(text).toEndWith("\n");
    const series = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    const names = series.map((line) => line.slice(0, line.lastIndexOf(" ")));
    expect(new Set(names).size).toBe(names.length);
  });
});
