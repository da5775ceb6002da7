import { describe, expect, test } from "bun:test";
import { Hono } from "hono";
import { Registry } from "prom-client";
import { addReports, createReportMetrics, OUTCOMES } from "./reports.ts";

function start() {
  const registry = new Registry();
  const app = new Hono();
  addReports(app, createReportMetrics(registry));
  const post = (body: string) => app.request("/report", { method: "POST", body });
  /** The counters that are not zero. */
  const counted = async () => {
    const page = await registry.metrics();
    return page.split("\n").filter((line) => /_total\b.* [1-9]\d*$/.test(line));
  };
  return { registry, app, post, counted };
}

/** What a sidecar sends. */
const REPORT = {
  outcome: "delivered",
  complete: true,
  waited_seconds: 5.944,
  served: ["10.0.3.7 Prometheus/3.5.0"],
  missed: [],
  moved_series: 4,
  moved_families: [{ name: "http_requests_total", increase: 173 }],
  too_large: 0,
  event: "ended",
  final_page_age_seconds: 0.03,
};

describe("POST /report", () => {
  test("counts a report by outcome, with the wait, the series and the scrapers missed", async () => {
    const { post, counted, registry } = start();
    expect((await post(JSON.stringify(REPORT))).status).toBe(204);
    const late = { ...REPORT, outcome: "deadline", complete: false, missed: ["a", "b"] };
    expect((await post(JSON.stringify(late))).status).toBe(204);
    expect(await counted()).toEqual([
      'webhook_final_scrapes_total{outcome="delivered",complete="true"} 1',
      'webhook_final_scrapes_total{outcome="deadline",complete="false"} 1',
      "webhook_final_scrape_moved_series_total 8",
      "webhook_final_scrape_missed_scrapers_total 2",
    ]);
    const page = await registry.metrics();
    expect(page).toContain(
      'webhook_final_scrape_wait_seconds_bucket{le="5",outcome="delivered"} 0',
    );
    expect(page).toContain(
      'webhook_final_scrape_wait_seconds_bucket{le="10",outcome="delivered"} 1',
    );
  });

  test.each<[string, string, string]>([
    ["nothing", "", "the report is not JSON"],
    ["half of one", '{"outcome":', "the report is not JSON"],
    ["null", "null", "invalid report"],
    ["an unknown outcome", JSON.stringify({ ...REPORT, outcome: "x" }), "outcome"],
    ["a text for a number", JSON.stringify({ ...REPORT, waited_seconds: "1" }), "waited_seconds"],
    ["a negative wait", JSON.stringify({ ...REPORT, waited_seconds: -1 }), "waited_seconds"],
    ["an unknown event", JSON.stringify({ ...REPORT, event: "paused" }), "event"],
    ["a negative age", JSON.stringify({ ...REPORT, final_page_age_seconds: -1 }), "final_page_age"],
    ["a wait of years", JSON.stringify({ ...REPORT, waited_seconds: 1e9 }), "waited_seconds"],
    ["more series than there can be", JSON.stringify({ ...REPORT, moved_series: 1e9 }), "moved"],
    ["half a series", JSON.stringify({ ...REPORT, moved_series: 0.5 }), "moved_series"],
    ["no completeness", JSON.stringify({ ...REPORT, complete: undefined }), "complete"],
  ])("rejects %s with 400 and what is wrong, counted apart", async (_name, body, text) => {
    const { post, counted } = start();
    const answer = await post(body);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain(text);
    expect(await counted()).toEqual(["webhook_final_scrape_reports_rejected_total 1"]);
  });

  test("counts ends that have begun, and those that came to nothing, beside those that are over", async () => {
    const { post, counted } = start();
    for (const event of ["begun", "begun", "withdrawn"]) {
      expect((await post(JSON.stringify({ event }))).status).toBe(204);
    }
    expect(await counted()).toEqual([
      "webhook_final_scrapes_begun_total 2",
      "webhook_final_scrapes_withdrawn_total 1",
    ]);
  });

  test("takes the report of an older sidecar, which names no event and no age", async () => {
    const { post, registry } = start();
    const { event: _, final_page_age_seconds: __, ...older } = REPORT;
    expect((await post(JSON.stringify(older))).status).toBe(204);
    expect(await registry.metrics()).toContain("webhook_final_scrape_page_age_seconds_count 0");
  });

  test.each([
    [0.03, 1],
    [null, 0],
  ])("observes the age of the final page (%p)", async (seconds, count) => {
    const { post, registry } = start();
    await post(JSON.stringify({ ...REPORT, final_page_age_seconds: seconds }));
    expect(await registry.metrics()).toContain(
      `webhook_final_scrape_page_age_seconds_count ${count}`,
    );
  });

  test("never makes a series of what a report says besides", async () => {
    const { post, registry } = start();
    await post(JSON.stringify(REPORT));
    const page = await registry.metrics();
    for (const text of ["10.0.3.7", "http_requests_total"]) expect(page).not.toContain(text);
  });

  test("is the only method there", async () => {
    const answer = await start().app.request("/report");
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "POST"]);
  });
});

test("every outcome is there from the start", async () => {
  const page = await start().registry.metrics();
  for (const outcome of OUTCOMES) {
    expect(page).toMatch(new RegExp(`webhook_final_scrapes_total{outcome="${outcome}",.*} 0`));
    expect(page).toContain(`webhook_final_scrape_wait_seconds_count{outcome="${outcome}"} 0`);
  }
});
