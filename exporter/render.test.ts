import { describe, expect, test } from "bun:test";
import { createCounters } from "./counters.ts";
import { readLoadBalancers, readServers } from "./ktcloud/schema.ts";
import { ZONE_NAMES } from "./ktcloud/zones.ts";
import { type PageTexts, renderPage, renderStandbyPage } from "./render.ts";
import { sample, samples } from "./testing/metrics.ts";
import { UNKNOWN_ZONE, type ZoneState } from "./zone.ts";

const exporter = {
  version: "9.9.9",
  port: "9105",
  scrape_interval: "60",
  data_source: "test",
  description: "a page",
};

/** The page of zones in these states; of the first the account is named where `account` is given. */
function pages(states: readonly ZoneState[], account?: string): PageTexts {
  const zones = states.map((state, index) => ({
    account,
    zone: ZONE_NAMES[index] ?? "DX-M1",
    state,
    counters: createCounters(),
  }));
  const totals = { pages: 3, overruns: 1 };
  return renderPage({
    zones,
    totals,
    exporter,
    last: { startedAtMs: 1000, durationMs: 300 },
    builtAtMs: 1500,
  });
}

function page(state: ZoneState): string {
  return pages([state]).text;
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
    ...UNKNOWN_ZONE,
    up: true,
    dialect: "command",
    known: {
      listed: 1,
      filtered: 0,
      balancers: readLoadBalancers(items).items.map((balancer) => ({
        balancer,
        success: read !== undefined,
        problem: undefined,
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
  test("gives the 14 inherited metrics the names, types and labels of the original", () => {
    const text = page(zoneOf("web", [SERVER]));
    const lines = text.split("\n").filter((line) => !line.startsWith("# HELP") && line !== "");
    const inherited = lines.slice(0, lines.indexOf("# TYPE ktcloud_exporter_leader gauge"));
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
      "ktcloud_lb_atomic_updates_total 3",
      "# TYPE ktcloud_lb_exporter_info_info gauge",
      'ktcloud_lb_exporter_info_info{version="9.9.9",port="9105",scrape_interval="60",data_source="test",description="a page",zone="DX-M1"} 1',
    ]);
  });

  test("before the first collection does not say that the zone is down", () => {
    expect(samples(page(UNKNOWN_ZONE), "ktcloud_zone_up")).toEqual([]);
  });

  test("before the first success says that the zone is not up, and shows no count and no time", () => {
    const text = page({ ...UNKNOWN_ZONE, last: { startedAtMs: 1, durationMs: 1 } });
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

  test("shows no server and no server count of a load balancer whose servers are not known", () => {
    const text = page(zoneOf("web"));
    expect(samples(text, "ktcloud_lb_info")).toHaveLength(1);
    expect(samples(text, "ktcloud_lb_server_count")).toEqual([]);
    expect(samples(text, "ktcloud_lb_server_state")).toEqual([]);
    expect(text).toContain('ktcloud_lb_success{lb_id="7",lb_name="web",zone="DX-M1"} 0');
  });

  test("counts 0 servers where the cloud really listed none", () => {
    const text = page(zoneOf("web", []));
    expect(text).toContain('ktcloud_lb_server_count{lb_id="7",lb_name="web",zone="DX-M1"} 0');
  });

  test("writes no sample for a number that the cloud did not give", () => {
    const text = page(zoneOf("web", [{ ...SERVER, cursrvrconnections: "", avgsvrttfb: 0 }]));
    expect(samples(text, "ktcloud_server_current_connections")).toEqual([]);
    expect(samples(text, "ktcloud_server_avg_ttfb_ms")).toHaveLength(1);
    expect(samples(text, "ktcloud_lb_server_state")).toHaveLength(1);
  });

  test.each([
    ["UP", 1],
    ["up", 1],
    ["DOWN", 0],
    ["OUT OF SERVICE", 0],
  ])("shows a server in state %s as %d", (state, value) => {
    const [line] = samples(page(zoneOf("web", [{ ...SERVER, state }])), "ktcloud_lb_server_state");
    expect(line).toEndWith(` ${value}`);
  });

  test.each([
    ['a"b', 'a\\"b'],
    ["a\\b", "a\\\\b"],
    ["a\nb", "a\\nb"],
    ["쇼핑몰 {이미지}", "쇼핑몰 {이미지}"],
  ])("escapes the name %j", (name, escaped) => {
    const [line] = samples(page(zoneOf(name, [])), "ktcloud_lb_server_count");
    expect(line).toBe(`ktcloud_lb_server_count{lb_id="7",lb_name="${escaped}",zone="DX-M1"} 0`);
  });

  test("ends every line, and names no series twice", () => {
    const text = page(zoneOf("web", [SERVER, { ...SERVER, publicport: 81 }]));
    expect(text).toEndWith("\n");
    const series = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    const names = series.map((line) => line.slice(0, line.lastIndexOf(" ")));
    expect(new Set(names).size).toBe(names.length);
  });

  test("of several zones sums the load balancers, and takes the slowest and the oldest collection", () => {
    const second = {
      ...zoneOf("b", []),
      lastSuccess: { startedAtMs: 500, durationMs: 100 },
    };
    const { text } = pages([zoneOf("a", []), second]);
    expect(sample(text, "ktcloud_lb_total_count")).toBe(2);
    expect(sample(text, "ktcloud_lb_scrape_duration_seconds")).toBe(0.25);
    expect(sample(text, "ktcloud_lb_last_scrape_timestamp")).toBe(0.5);
    expect(samples(text, "ktcloud_zone_load_balancers")).toEqual([
      'ktcloud_zone_load_balancers{zone="DX-M1"} 1',
      'ktcloud_zone_load_balancers{zone="DX-Central"} 1',
    ]);
  });

  test("gives no total while one zone is not known, since a part of it would look like a loss", () => {
    const { text } = pages([zoneOf("a", []), UNKNOWN_ZONE]);
    expect(samples(text, "ktcloud_lb_total_count")).toEqual([]);
    expect(samples(text, "ktcloud_lb_last_scrape_timestamp")).toEqual([]);
    expect(samples(text, "ktcloud_zone_load_balancers")).toHaveLength(1);
  });

  test("names the account in every series of a zone where there are accounts, and nowhere else", () => {
    const inZones = (text: string) =>
      text.split("\n").filter((line) => line.includes('zone="') && !line.startsWith("#"));
    const named = inZones(pages([zoneOf("a", [SERVER])], "shop").text);
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((line) => !line.includes('account="shop"'))).toEqual([]);
    expect(page(zoneOf("a", [SERVER]))).not.toContain("account=");
  });

  test("shows what only the newer API tells, and words for a state that are neither UP nor DOWN", () => {
    const state = zoneOf("a", [{ ...SERVER, state: "OUT OF SERVICE" }]);
    const text = page(state);
    expect(samples(text, "ktcloud_server_state_info")).toEqual([
      'ktcloud_server_state_info{lb_id="7",lb_name="a",server_ip="10.1.0.1",server_port="8080",zone="DX-M1",state="OUT OF SERVICE"} 1',
    ]);
    expect(samples(text, "ktcloud_server_request_bytes_per_second")).toEqual([]);
    expect(samples(text, "ktcloud_lb_state_info")).toEqual([
      'ktcloud_lb_state_info{lb_id="7",lb_name="a",zone="DX-M1",state="UP"} 1',
    ]);
  });

  test("holds the same samples in both formats, and says how many", () => {
    const { text, openmetrics } = pages([zoneOf("a", [SERVER])]);
    const lines = (one: string) => one.split("\n").filter((line) => !line.startsWith("#"));
    expect(lines(openmetrics)).toEqual(lines(text));
    expect(sample(text, "ktcloud_snapshot_samples")).toBe(lines(text).length - 3);
    expect(openmetrics).toEndWith("# EOF\n");
    expect(openmetrics).toContain("# TYPE ktcloud_api_calls counter\n");
    expect(openmetrics).toContain("# UNIT ktcloud_snapshot_timestamp_seconds seconds\n");
  });
});

test("renderStandbyPage() says that it does not lead, and shows no load balancer", () => {
  const { text } = renderStandbyPage();
  expect(text.split("\n").filter((line) => !line.startsWith("#"))).toEqual([
    "ktcloud_exporter_leader 0",
    "",
  ]);
  expect(text).not.toContain("ktcloud_lb_");
});
