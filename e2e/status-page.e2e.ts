/** The exporter's status page in a real Chromium: it fits, it can be read by everybody, and it needs no scripts. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { renderStatusFragment } from "../exporter/status/fragment.ts";
import { statusPage } from "../exporter/status/page.ts";
import { CONTENT_SECURITY_POLICY } from "../exporter/status/style.ts";
import {
  BUILT_AT_MS,
  balancer,
  facts,
  fleet,
  HOSTILE,
  HOSTILE_SHOWN,
  live,
  night,
  server,
  zone,
} from "../exporter/testing/status.ts";
import { type Browser, startChromium, type Tab, type View } from "./chromium.ts";
import { contrasts, headings, missingHeaders, overflowing } from "./page-probes.ts";

const LATE = { nowMs: BUILT_AT_MS + 900_000, readiness: HOSTILE, configProblem: HOSTILE };

/** A server whose every field is as long as it may be, without a place to break it. */
const LONG = "x".repeat(300);
const wide = balancer({
  id: LONG,
  name: LONG,
  serviceIp: LONG,
  option: LONG,
  state: LONG,
  problem: LONG,
  servers: [server({ ip: LONG, port: LONG, state: LONG, connections: 99_999 })],
});

const PAGES: Readonly<Record<string, string>> = {
  night: statusPage(live({ role: "leading", leader: "exporter-0" }), renderStatusFragment(night())),
  "all-well": statusPage(live(), renderStatusFragment(facts(zone()))),
  late: statusPage(live(LATE), renderStatusFragment(night())),
  awaiting: statusPage(live({ builtAtMs: undefined, readiness: "never listed yet" }), ""),
  standby: statusPage(live({ role: "standby", leader: LONG, builtAtMs: undefined }), ""),
  wide: statusPage(live(), renderStatusFragment(facts(zone({ account: LONG, balancers: [wide] })))),
  large: statusPage(live(), renderStatusFragment(fleet(400, 10, 40))),
};

const VIEWS: readonly View[] = [360, 1280].flatMap((width) =>
  (["light", "dark"] as const).map((scheme) => ({ width, scheme, scripts: false })),
);

const WITH_SCRIPTS: View = { width: 1280, scheme: "light", scripts: true };

let browser: Browser;
let tab: Tab;

const site = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: ({ url }) => {
    const page = PAGES[new URL(url).pathname.slice(1)];
    if (page === undefined) return new Response("no such page", { status: 404 });
    const type = "text/html; charset=utf-8";
    const headers = { "content-type": type, "content-security-policy": CONTENT_SECURITY_POLICY };
    return new Response(page, { headers });
  },
});

beforeAll(async () => {
  browser = await startChromium();
  tab = await browser.open();
}, 60_000);

afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await site.stop(true);
});

async function load(page: string, view: View = { ...WITH_SCRIPTS, scripts: false }) {
  await tab.load(new URL(page, site.url).href, view);
}

describe.each(Object.keys(PAGES))("the page %s", (page) => {
  test.each(VIEWS)("fits $width px and can be read in $scheme", async (view) => {
    await load(page, view);
    await openAll();
    expect(await tab.evaluate(overflowing)).toEqual([]);
    expect(await tab.evaluate(contrasts)).toEqual([]);
    expect(tab.complaints()).toEqual([]);
  });

  test("says its language and title, has its headings in order and headers on its tables", async () => {
    await load(page);
    const [lang, title] = (await tab.evaluate(
      "[document.documentElement.lang, document.title]",
    )) as string[];
    expect(lang).toBe("en");
    expect(title).toEndWith("– KT Cloud LB exporter");
    const levels = (await tab.evaluate(headings)) as number[];
    expect(levels[0]).toBe(1);
    expect(levels.filter((level) => level === 1)).toHaveLength(1);
    expect(levels.every((level, i) => level <= (levels[i - 1] ?? 0) + 1)).toBe(true);
    expect(await tab.evaluate(missingHeaders)).toEqual([]);
  });
});

describe("without scripts", () => {
  test("a load balancer is opened and closed by a click and by the keyboard", async () => {
    await load("all-well", { width: 360, scheme: "light", scripts: false });
    const isOpen = () => tab.evaluate("document.querySelector('details').open");
    const isSeen = () => tab.evaluate("document.querySelector('table').checkVisibility()");
    expect([await isOpen(), await isSeen()]).toEqual([false, false]);
    await tab.click("summary");
    expect([await isOpen(), await isSeen()]).toEqual([true, true]);
    await tab.press("Enter");
    expect([await isOpen(), await isSeen()]).toEqual([false, false]);
  });

  test("those with trouble are open from the start", async () => {
    await load("night");
    expect(await tab.evaluate(namesOf("details[open]"))).toEqual([
      "payments",
      "search",
      "shop-web",
    ]);
  });

  test("a phone shows the numbers of a server without scrolling sideways", async () => {
    await load("night", { width: 360, scheme: "light", scripts: false });
    const cut = `[...document.querySelectorAll("details[open] .scroll")]
      .map((one) => one.scrollWidth - one.clientWidth)`;
    expect(await tab.evaluate(cut)).toEqual([0, 0, 0]);
  });
});

describe("names", () => {
  test("are shown as they are written, and never run", async () => {
    await load("night", WITH_SCRIPTS);
    expect(await tab.evaluate(namesOf("details"))).toEqual(
      expect.arrayContaining([HOSTILE_SHOWN, "이미지-서버"]),
    );
    expect(await tab.evaluate("document.scripts.length")).toBe(0);
    expect(tab.complaints()).toEqual([]);
  });
});

describe("the policy", () => {
  test("is what keeps a script from running, if one ever got into the page", async () => {
    await load("all-well", WITH_SCRIPTS);
    await tab.evaluate(`(() => {
      const script = document.createElement("script");
      script.textContent = "document.title = 'ran'";
      document.body.append(script);
    })()`);
    expect(await tab.evaluate("document.title")).not.toBe("ran");
    expect(tab.complaints().join()).toContain("Content Security Policy");
  });
});

test("what is measured here would be found, if it were wrong", async () => {
  await load("all-well");
  await openAll();
  await tab.evaluate(`(() => {
    const title = document.querySelector("h1");
    title.style.cssText = "width: 2000px; color: #999; background: #fff";
    document.querySelector("thead th").removeAttribute("scope");
  })()`);
  expect(await tab.evaluate(overflowing)).toEqual(["the page", expect.stringContaining("<h1")]);
  expect(await tab.evaluate(contrasts)).toEqual([expect.stringContaining("2.85 KT Cloud")]);
  expect(await tab.evaluate(missingHeaders)).toHaveLength(1);
});

/** The names of the load balancers within. */
function namesOf(selector: string): string {
  const names = JSON.stringify(`${selector} > summary > b`);
  return `[...document.querySelectorAll(${names})].map((one) => one.textContent)`;
}

/** Opens what is closed, so that everything is measured. */
async function openAll(): Promise<void> {
  await tab.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })");
}
