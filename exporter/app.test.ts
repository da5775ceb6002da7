import { describe, expect, test } from "bun:test";
import type { Readiness } from "../shared/http.ts";
import { createLogger } from "../shared/log.ts";
import { describeContract } from "../shared/testing/contract.ts";
import { createApp } from "./app.ts";
import { createMetrics } from "./metrics.ts";
import { encodeSmallPage, type Snapshot } from "./snapshot.ts";

const PAGE = "# HELP a A.\n# TYPE a gauge\na 1\n";
const OPENMETRICS = `${PAGE}# EOF\n`;

function pages(text: string) {
  return encodeSmallPage({ text, openmetrics: `${text}# EOF\n` });
}

function setUp(readiness: () => Readiness = () => true, telemetryPath = "/metrics") {
  const store: { current: Snapshot } = {
    current: {
      pages: pages(PAGE),
      status: new Blob(),
      builtAtMs: 0,
      listed: true,
      problem: undefined,
    },
  };
  const app = createApp({
    store,
    readiness,
    metrics: createMetrics({ version: "1.2.3", revision: "r", bun: "b" }, () => store.current),
    telemetryPath,
    live: () => ({
      version: "1.2.3",
      revision: "r",
      telemetryPath,
      readiness: readiness(),
      nowMs: 0,
      builtAtMs: 0,
      role: "alone",
      leader: undefined,
      configProblem: undefined,
    }),
    reload: async () => ({ ok: true, changed: false }),
    log: createLogger({ level: "error", format: "json" }),
  });
  return { app, store };
}

for (const metricsPath of ["/metrics", "/-/metrics"]) {
  describeContract(`the exporter with ${metricsPath}`, {
    metricsPath,
    createApp: (readiness) => setUp(readiness).app,
  });
}

describe("the page", () => {
  test("comes gzipped to whoever accepts that, else plain", async () => {
    const { app } = setUp();
    const gzipped = await app.request("/metrics", { headers: { "accept-encoding": "gzip" } });
    expect(gzipped.headers.get("content-encoding")).toBe("gzip");
    expect(new TextDecoder().decode(Bun.gunzipSync(await gzipped.arrayBuffer()))).toBe(PAGE);
    const plain = await app.request("/metrics");
    expect(plain.headers.get("content-encoding")).toBeNull();
    expect(await plain.text()).toBe(PAGE);
    expect([plain, gzipped].map((one) => one.headers.get("vary"))).toEqual([
      "Accept, Accept-Encoding",
      "Accept, Accept-Encoding",
    ]);
    const own = await (await app.request("/-/metrics")).text();
    expect(own).toContain('exporter_scrapes_total{format="text",encoding="identity"} 1');
    expect(own).toContain('exporter_scrapes_total{format="text",encoding="gzip"} 1');
  });

  test("comes as OpenMetrics to whoever prefers that, as Prometheus does", async () => {
    const { app } = setUp();
    const accept =
      "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1";
    const headers = { accept, "accept-encoding": "gzip" };
    const answer = await app.request("/metrics", { headers });
    expect(answer.headers.get("content-type")).toBe(
      "application/openmetrics-text; version=1.0.0; charset=utf-8",
    );
    const text = new TextDecoder().decode(Bun.gunzipSync(await answer.arrayBuffer()));
    expect(text).toBe(OPENMETRICS);
  });

  test("has the same length by HEAD, which is no scrape", async () => {
    const { app } = setUp();
    const answer = await app.request("/metrics", { method: "HEAD" });
    expect(answer.headers.get("content-length")).toBe(String(PAGE.length));
    const own = await (await app.request("/-/metrics")).text();
    expect(own).toContain('exporter_scrapes_total{format="text",encoding="identity"} 0');
  });

  test("is 200 also while not ready, and new as soon as the snapshot is", async () => {
    const { app, store } = setUp(() => "not yet");
    expect((await app.request("/metrics")).status).toBe(200);
    store.current = { ...store.current, pages: pages("b 2\n") };
    expect(await (await app.request("/metrics")).text()).toBe("b 2\n");
  });

  test("is where --web.telemetry-path says", async () => {
    const { app } = setUp(() => true, "/lb/metrics");
    expect(await (await app.request("/lb/metrics")).text()).toBe(PAGE);
    expect((await app.request("/metrics")).status).toBe(404);
  });
});

describe("GET /", () => {
  test("puts what was collected into a page with what is live, under a policy without scripts", async () => {
    const { app, store } = setUp(() => "the cloud is <down>", "/m");
    store.current = { ...store.current, status: new Blob(["<main>collected</main>"]) };
    const answer = await app.request("/");
    const text = await answer.text();
    expect(answer.headers.get("content-type")).toStartWith("text/html");
    expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
    for (const part of ["1.2.3", "<main>collected</main>", "&lt;down&gt;", 'href="./m"']) {
      expect(text).toContain(part);
    }
    expect((await app.request("/", { method: "DELETE" })).status).toBe(405);
  });
});
