/** The executable under a tight scrape loop while its pages change: every answer is one page, whole. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../../shared/testing/eventually.ts";
import { ACCOUNT, PASSWORD } from "../testing/cloud.ts";
import { sample } from "../testing/metrics.ts";
import { createRig, type Exporter, type Rig } from "../testing/rig.ts";

setDefaultTimeout(60_000);

const SWAPS = 55;

const FORMATS = [
  { accept: "text/plain;version=0.0.4", type: "text/plain; version=0.0.4; charset=utf-8" },
  {
    accept: "application/openmetrics-text;version=1.0.0",
    type: "application/openmetrics-text; version=1.0.0; charset=utf-8",
  },
] as const;
const SCRAPERS = FORMATS.flatMap((format) =>
  ["gzip", "identity"].map((encoding) => ({ ...format, encoding })),
);

/** Each change of its settings makes the exporter collect at once. */
function accounts(round: number): string {
  const shop = { name: "shop", id: ACCOUNT, password: PASSWORD, timeout: `${round + 1}s` };
  return JSON.stringify({ accounts: [{ ...shop, zones: ["DX-M1", "DX-G"] }] });
}

/** One answer as it came, checked by what it says of itself. Gives when its page was built. */
async function scrape(
  { url }: Exporter,
  { accept, type, encoding }: (typeof SCRAPERS)[number],
  seen: Map<string, string>,
): Promise<number> {
  const headers = { accept, "accept-encoding": encoding };
  const answer = await fetch(`${url}/metrics`, { headers, decompress: false, proxy: false });
  const bytes = new Uint8Array(await answer.arrayBuffer());
  expect([answer.status, answer.headers.get("content-type")]).toEqual([200, type]);
  const isGzip = answer.headers.get("content-encoding") === "gzip";
  expect(isGzip).toBe(encoding === "gzip");
  expect(Number(answer.headers.get("content-length"))).toBe(bytes.length);
  const plain = isGzip ? Bun.gunzipSync(bytes) : bytes;
  const text = new TextDecoder("utf-8", { fatal: true }).decode(plain);
  expect(text).toEndWith(type.startsWith("text/") ? "\n" : "\n# EOF\n");
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  expect(lines.length).toBe((sample(text, "ktcloud_snapshot_samples") ?? 0) + 2);
  const builtAt = sample(text, "ktcloud_snapshot_timestamp_seconds") ?? 0;
  // What was built at one time is one page, however it was encoded.
  const key = `${builtAt} ${type}`;
  expect((seen.get(key) ?? text) === text).toBe(true);
  seen.set(key, text);
  return builtAt;
}

/** Makes the exporter build one page after the other, and waits for each. */
async function swap(rig: Rig, exporter: Exporter, newest: () => number): Promise<void> {
  await eventually("the first page", () => newest() > 0);
  for (let round = 1; round <= SWAPS; round++) {
    const before = newest();
    rig.cloud.turn({ loadBalancers: 1 + ((round * 7) % 12) });
    rig.write("accounts.yaml", accounts(round));
    await exporter.ask("/-/reload", { method: "POST" });
    await eventually(`page ${round}`, () => newest() > before);
  }
}

test("every answer is a whole page of one collection, in both formats and both encodings", async () => {
  await using rig = createRig();
  const file = rig.write("accounts.yaml", accounts(0));
  const exporter = await rig.start([`--config.file=${file}`]);
  await exporter.page("a page", (page) => sample(page, "ktcloud_lb_total_count") === 12);
  const seen = new Map<string, string>();
  const load = { running: true, newest: 0, answers: 0 };
  const scrapers = SCRAPERS.map(async (scraper) => {
    let last = 0;
    while (load.running) {
      const builtAt = await scrape(exporter, scraper, seen);
      // Never back to an older page.
      expect(builtAt).toBeGreaterThanOrEqual(last);
      last = builtAt;
      load.newest = Math.max(load.newest, builtAt);
      load.answers += 1;
    }
  });
  const swapping = swap(rig, exporter, () => load.newest).finally(() => {
    load.running = false;
  });
  await Promise.all([swapping, ...scrapers]);
  const pages = new Set([...seen.keys()].map((key) => key.split(" ")[0]));
  expect(pages.size).toBeGreaterThan(SWAPS);
  expect(load.answers).toBeGreaterThan(2 * SWAPS);
  const sizes = new Set([...seen.values()].map((text) => sample(text, "ktcloud_snapshot_samples")));
  expect(sizes.size).toBeGreaterThan(10);
  for (const text of seen.values()) rig.search(text);
});
