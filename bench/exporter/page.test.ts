import { describe, expect, test } from "bun:test";
import { readPage } from "./page.ts";

const SERVER_METRICS = [
  "ktcloud_lb_server_state",
  "ktcloud_server_current_connections",
  "ktcloud_server_throughput_rate_kbps",
  "ktcloud_server_avg_ttfb_ms",
  "ktcloud_server_requests_rate_per_sec",
];

/** A page of two load balancers with that many servers each; `edit` changes its lines. */
function page(servers: readonly number[], edit = (lines: string[]) => lines): string {
  const lines = [
    "# TYPE ktcloud_lb_total_count gauge",
    `ktcloud_lb_total_count ${servers.length}`,
    "ktcloud_lb_last_scrape_timestamp 1700000000.25",
    "ktcloud_lb_scrape_duration_seconds 0.5",
    "ktcloud_lb_atomic_updates_total 7.0",
    'something_else{lb_id="1"} 3',
    ...servers.flatMap((count, lb) => [
      `ktcloud_lb_info{lb_id="${lb}",lb_name="a"} 1`,
      `ktcloud_lb_server_count{lb_id="${lb}",lb_name="a"} ${count}`,
      ...Array.from({ length: count }, (_, i) =>
        SERVER_METRICS.map((name) => `${name}{lb_id="${lb}",server_ip="10.0.0.${i}"} 1.0`),
      ).flat(),
    ]),
  ];
  return `${edit(lines).join("\n")}\n`;
}

const without = (text: string) => (lines: string[]) => {
  const at = lines.findIndex((line) => line.includes(text));
  return lines.toSpliced(at, 1);
};

test("readPage() reads what a page says of its collection, and counts its series", () => {
  expect(readPage(page([2, 1]))).toMatchObject({
    timestamp: 1_700_000_000.25,
    durationSeconds: 0.5,
    updates: 7,
    series: 24,
  });
});

describe("problem()", () => {
  test.each<[string, string, string | undefined]>([
    ["a whole page", page([2, 1]), undefined],
    ["load balancers without servers", page([0, 0]), undefined],
    ["an empty page", "", "the number of load balancers is wrong"],
    ["one load balancer too few", page([2]), "the number of load balancers is wrong"],
    ["an info too few", page([2, 1], without("lb_info")), "load balancers are missing"],
    ["a count too few", page([2, 1], without("server_count{")), "load balancers are missing"],
    ["a server too few", page([2, 1], without("server_state{")), "servers are missing"],
    ["a number too few", page([2, 1], without("avg_ttfb")), "series are missing"],
  ])("%s", (_, text, problem) => {
    const found = readPage(text).problem(2);
    if (problem === undefined) expect(found).toBeUndefined();
    else expect(found).toStartWith(problem);
  });

  test("one load balancer of the old collection among the new", () => {
    const old = page([3, 3]).split("\n");
    const mixed = page([2, 2], (lines) =>
      lines.map((line) =>
        line.startsWith('ktcloud_lb_server_count{lb_id="1"')
          ? (old.find((one) => one.startsWith('ktcloud_lb_server_count{lb_id="1"')) ?? "")
          : line,
      ),
    );
    expect(readPage(mixed).problem(2)).toStartWith("servers are missing");
  });
});

test("the fingerprint follows the numbers of load balancers and servers, and nothing else", () => {
  const { fingerprint } = readPage(page([2, 1]));
  expect(readPage(page([2, 1]).replace('something_else{lb_id="1"} 3', "x 4")).fingerprint).toBe(
    fingerprint,
  );
  expect(
    readPage(page([2, 1]).replace('ip="10.0.0.1"} 1.0', 'ip="10.0.0.1"} 2.0')).fingerprint,
  ).not.toBe(fingerprint);
});
