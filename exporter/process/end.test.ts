/** How the executable ends: with what is under way, with clients that hang on to it, and when it is told twice. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { createCertificate } from "../../shared/testing/certificate.ts";
import { sample } from "../testing/metrics.ts";
import { ACCESS, createRig, type Exporter, type Rig } from "../testing/rig.ts";
import { startSlowReader } from "../testing/slow-reader.ts";

setDefaultTimeout(30_000);

/** A page of more than what the kernel takes off a server's hands at once. */
const LARGE = { loadBalancers: 150, servers: 100 };
/** What the exporter allows itself, see `main.ts`. */
const TEARDOWN_MS = 12_000;

async function startLarge(rig: Rig, ...flags: readonly string[]): Promise<Exporter> {
  const exporter = await rig.start(["--collect.interval=5m", ...flags], { env: ACCESS });
  await exporter.page("its zone", (page) => sample(page, "ktcloud_zone_up") === 1);
  return exporter;
}

async function endsAfter(exporter: Exporter): Promise<{ code: number | null; ms: number }> {
  const startMs = performance.now();
  const { code } = await exporter.ended();
  return { code, ms: performance.now() - startMs };
}

describe("SIGTERM in the middle of a large page", () => {
  test.each(["http", "https"])(
    "lets a slow reader have it whole, and ends with 0 then (%s)",
    async (scheme) => {
      await using rig = createRig(LARGE);
      const { ca, cert, key } = await createCertificate();
      rig.write("tls.crt", cert);
      rig.write("tls.key", key);
      const web = "tls_server_config:\n  cert_file: tls.crt\n  key_file: tls.key\n";
      const secure = scheme === "https" ? [`--web.config.file=${rig.write("web.yml", web)}`] : [];
      const exporter = await startLarge(rig, ...secure);
      const port = await exporter.port("web");
      using reader = await startSlowReader(port, "/metrics", scheme === "https" ? ca : undefined);
      exporter.kill("SIGTERM");
      await exporter.logged(({ msg }) => msg === "Stopping");
      const page = await reader.read({ bytes: 512 * 1024, everyMs: 10 });
      expect(page.length).toBeGreaterThan(8_000_000);
      expect(sample(page, "ktcloud_snapshot_samples")).toBe(samplesOf(page) - 2);
      rig.search(page);
      const { code, ms } = await endsAfter(exporter);
      expect(code).toBe(0);
      expect(ms).toBeLessThan(2000);
    },
  );

  test("waits for a reader that takes nothing only so long, and ends with 0", async () => {
    await using rig = createRig(LARGE);
    const exporter = await startLarge(rig);
    using _reader = await startSlowReader(await exporter.port("web"), "/metrics");
    exporter.kill("SIGTERM");
    const { code, ms } = await endsAfter(exporter);
    expect(code).toBe(0);
    expect(ms).toBeLessThan(TEARDOWN_MS);
  });

  test("and a second signal: ends at once with 1", async () => {
    await using rig = createRig(LARGE);
    const exporter = await startLarge(rig);
    using _reader = await startSlowReader(await exporter.port("web"), "/metrics");
    exporter.kill("SIGTERM");
    await exporter.logged(({ msg }) => msg === "Stopping");
    exporter.kill("SIGINT");
    const { code, ms } = await endsAfter(exporter);
    expect(code).toBe(1);
    expect(ms).toBeLessThan(2000);
  });
});

test("a client that keeps its connection open without a request does not hold the end up", async () => {
  await using rig = createRig();
  const exporter = await startLarge(rig);
  // fetch keeps its connections for the next request.
  await Promise.all([1, 2, 3].map(() => exporter.ask("/metrics")));
  exporter.kill("SIGINT");
  const { code, ms } = await endsAfter(exporter);
  expect(code).toBe(0);
  expect(ms).toBeLessThan(2000);
});

function samplesOf(page: string): number {
  return page.split("\n").filter((line) => line !== "" && !line.startsWith("#")).length;
}
