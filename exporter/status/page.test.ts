import { describe, expect, test } from "bun:test";
import { BUILT_AT_MS, facts, HOSTILE, live, zone } from "../testing/status.ts";
import { renderStatusFragment } from "./fragment.ts";
import { type LiveFacts, statusPage } from "./page.ts";
import { CONTENT_SECURITY_POLICY } from "./style.ts";

const FRAGMENT = renderStatusFragment(facts(zone()));
const NEVER = { builtAtMs: undefined, readiness: "the load balancers were never listed yet" };

/** The text above and below the fragment. */
function frameOf(given: Partial<LiveFacts>, fragment = FRAGMENT): string {
  const [, body = ""] = statusPage(live(given), fragment).split("<body");
  return body
    .replace(FRAGMENT, " | ")
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ")
    .replace(/ ([.:,])/g, "$1");
}

describe("statusPage() says", () => {
  const minutes = (count: number) => ({ nowMs: BUILT_AT_MS + count * 60_000 });
  test.each<[string, Partial<LiveFacts>, string, string?]>([
    [
      "how old what it shows is",
      {},
      "EXPORTER READY Collected 12 s ago, every 1 min. It is 2026-11-25 10:02:48 UTC. Reload",
    ],
    ["0 s where the clock was set back", { nowMs: BUILT_AT_MS - 5000 }, "Collected 0 s ago"],
    ["nothing of lateness within two intervals", minutes(2), "READY Collected 2 min ago"],
    [
      "that a collection is late",
      minutes(3),
      "EXPORTER OUT OF DATE Collected 3 min ago, every 1 min. It is 2026-11-25 10:05:36 UTC. Reload All below is 3 min old, though a collection is due every 1 min. The last one is late: the cloud is slow, or the worker",
    ],
    [
      "that the worker seems dead",
      minutes(6),
      "All below is 6 min old, though a collection is due every 1 min. The worker that collects seems to be dead or stuck: see the log, and restart this process if no new worker follows.",
    ],
    [
      "why it is not ready",
      { readiness: "the load balancers were last listed 400s ago, more than 5m" },
      "EXPORTER NOT READY Collected 12 s ago, every 1 min. It is 2026-11-25 10:02:48 UTC. Reload Not ready: the load balancers were last listed 400s ago, more than 5m.",
    ],
    ["what is awaited", NEVER, "Waiting for the first collection Nothing has been collected", ""],
    ["why that takes long", NEVER, "Not ready: the load balancers were never listed yet.", ""],
    [
      "who leads",
      { role: "standby", leader: "exporter-0", builtAtMs: undefined },
      "EXPORTER STANDBY It is 2026-11-25 10:02:48 UTC. Reload This replica stands by and collects nothing. exporter-0 leads and collects; its page shows what is current.",
      "",
    ],
    [
      "that nobody leads",
      { role: "standby", builtAtMs: undefined },
      "collects nothing. Nobody is known to lead yet. Standing by There is nothing to show here",
      "",
    ],
    [
      "from when a standby's load balancers are, without alarm",
      { role: "standby", leader: "exporter-0", ...minutes(90) },
      "EXPORTER STANDBY Collected 1 h 30 min ago. It is 2026-11-25 11:32:36 UTC. Reload This replica stands by and collects nothing. exporter-0 leads and collects; its page shows what is current. What is below is from when this replica led. |",
    ],
    ["that it leads itself", { role: "leading", leader: "exporter-1" }, "leads as exporter-1."],
    [
      "what is wrong with the configuration",
      { configProblem: "exporter.yaml: no such zone DX-X" },
      "The configuration as it is now is not in force: exporter.yaml: no such zone DX-X. What was read before still applies.",
    ],
    ["which build it is", {}, "KT Cloud LB exporter 0.1.0, revision 37020af."],
  ])("%s", (_, given, expected, fragment = FRAGMENT) => {
    expect(frameOf(given, fragment)).toContain(expected);
  });
});

test.each([
  [50, "The last one is late"],
  [61, "seems to be dead or stuck"],
])("statusPage() takes a short interval's %d s for no death too soon", (seconds, expected) => {
  const fragment = renderStatusFragment({ ...facts(zone()), intervalMs: 1000 });
  const html = statusPage(live({ nowMs: BUILT_AT_MS + seconds * 1000 }), fragment);
  expect(html).toContain(expected);
});

describe("statusPage()", () => {
  test("holds the fragment as it is", () => {
    expect(statusPage(live(), FRAGMENT)).toContain(FRAGMENT);
  });

  test.each<[string, Partial<LiveFacts>, boolean]>([
    ["is", { nowMs: BUILT_AT_MS + 121_000 }, true],
    ["is not", { nowMs: BUILT_AT_MS + 119_000 }, false],
    ["is, of a standby,", { role: "standby" }, true],
  ])("%s without the colours of health: %p", (_, given, outdated) => {
    expect(statusPage(live(given), FRAGMENT).includes('<body class="outdated">')).toBe(outdated);
  });

  test("names its state in the title", () => {
    expect(statusPage(live(), FRAGMENT)).toContain("<title>Ready – KT Cloud LB exporter</title>");
  });

  test("links by relative paths, which also hold behind a proxy with a path of its own", () => {
    const html = statusPage(live({ telemetryPath: "/lb/metrics" }), FRAGMENT);
    const links = [...html.matchAll(/<a href="([^"]+)"/g)].map(([, href]) => href);
    expect(links).toEqual(["./", "./lb/metrics", "./-/metrics", "./-/ready"]);
  });

  test("escapes what is not its own", () => {
    const given = { readiness: HOSTILE, leader: HOSTILE, configProblem: HOSTILE };
    for (const role of ["leading", "standby"] as const) {
      const html = statusPage(live({ ...given, role, version: HOSTILE }), FRAGMENT);
      expect(html).not.toContain("<script");
      expect(html).toContain("&lt;script&gt;");
    }
  });

  test("fits its policy: one style element of that hash, no script, nothing from elsewhere", () => {
    const html = statusPage(live(), FRAGMENT);
    const styles = [...html.matchAll(/<style>(.*?)<\/style>/gs)].map(([, style = ""]) => style);
    const [hash] = styles.map((style) =>
      new Bun.CryptoHasher("sha256").update(style).digest("base64"),
    );
    expect(styles).toHaveLength(1);
    expect(CONTENT_SECURITY_POLICY).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
    expect(html).not.toMatch(/<script|\sstyle=|\son\w+=|https?:\/\/(?!www\.w3\.org\/2000\/svg)/);
  });

  test("costs a request next to nothing", () => {
    const large = FRAGMENT + "x".repeat(1_000_000);
    const startedAtMs = performance.now();
    for (let i = 0; i < 200; i += 1) statusPage(live(), large);
    expect((performance.now() - startedAtMs) / 200).toBeLessThan(1);
  });
});
