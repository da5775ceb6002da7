/** The dashboards: as the code gives them, as Grafana's sidecar takes them, and as a reader can trust them. */
import { describe, expect, test } from "bun:test";
import { basename, join } from "node:path";
import { render } from "../../render.ts";
import { DASHBOARDS } from "./source/dashboards.ts";

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description: string;
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
  readonly targets: readonly {
    readonly refId: string;
    readonly expr: string;
    readonly legendFormat: string;
    readonly instant: boolean;
  }[];
  readonly fieldConfig: {
    readonly defaults: { readonly unit: string; readonly noValue?: string };
  };
}

interface Dashboard {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string }[] };
  readonly links: readonly { readonly url: string }[];
}

/** What a last-applied annotation may hold, without which `kubectl apply` refuses an object. */
const APPLY_LIMIT = 262_144;

const files = Object.keys(DASHBOARDS);
const texts = await Promise.all(files.map((file) => Bun.file(join(import.meta.dir, file)).text()));
const cases = files.map((file, index) => {
  const text = texts[index] ?? "";
  return [file, text, JSON.parse(text) as Dashboard] as const;
});
const rendered = await render("monitoring/dashboards");

test("each file has a ConfigMap that Grafana's sidecar finds, in its folder, under a name that stays", () => {
  const maps = rendered.all("ConfigMap") as unknown as readonly {
    readonly metadata: object;
    readonly data: Readonly<Record<string, string>>;
  }[];
  expect(
    maps
      .map(({ data }) => Object.keys(data))
      .flat()
      .sort(),
  ).toEqual(files.map((file) => basename(file)).sort());
  for (const { metadata, data } of maps) {
    const [file = ""] = Object.keys(data);
    const text = texts[files.findIndex((one) => basename(one) === file)] ?? "";
    expect(metadata).toMatchObject({
      name: `grafana-dashboard-${file.replace(/\.json$/, "")}`,
      namespace: "monitoring",
      labels: { grafana_dashboard: "1" },
      annotations: { grafana_folder: expect.any(String) },
    });
    expect(data[file]).toBe(text);
    expect(JSON.stringify(data).length).toBeLessThan(APPLY_LIMIT / 1.5);
  }
});

test("no two dashboards share a uid", () => {
  const uids = cases.map(([, , { uid }]) => uid);
  expect(new Set(uids).size).toBe(uids.length);
  for (const uid of uids) expect(uid).toMatch(/^[a-z-]{1,40}$/);
});

test("none shows what became of requests as a share of pods: one pod is several requests", () => {
  const asking = cases
    .flatMap(([, , { panels }]) => panels.filter(({ type }) => type !== "row"))
    .filter(({ targets }) => targets.some(({ expr }) => expr.includes("webhook_admissions_total")));
  expect(asking.length).toBeGreaterThan(1);
  for (const { title, description, targets } of asking) {
    expect({ title, description }).toEqual({
      title,
      description: expect.stringContaining("equests"),
    });
    for (const { expr } of targets)
      expect({ title, expr }).toEqual({ title, expr: expect.not.stringContaining("/") });
  }
  const [reasons] = asking.filter(({ targets }) =>
    targets.some(({ expr }) => expr.includes("reason")),
  );
  expect(reasons?.description).toContain("already_injected");
});

describe.each(cases)("%s", (file, text, dashboard) => {
  const panels = dashboard.panels.filter(({ type }) => type !== "row");
  const variables = dashboard.templating.list.map(({ name }) => name);

  test("is what the code gives (otherwise: just dashboards)", () => {
    expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(DASHBOARDS[file])));
  });

  test("asks the data source that its reader chooses, and variables that it has", () => {
    expect(variables[0]).toBe("datasource");
    for (const [, uid] of text.matchAll(/"uid": "([^"]+)"/g)) {
      expect([dashboard.uid, "${datasource}"]).toContain(uid ?? "");
    }
    for (const [, name = ""] of text.matchAll(/\$\{?([a-z]\w*)/g))
      expect(variables).toContain(name);
  });

  test("has panels that explain themselves", () => {
    for (const { title, description, fieldConfig, type } of panels) {
      expect({ title, description }).toMatchObject({
        description: expect.stringMatching(/^[\w"].+\.$/s),
      });
      expect({ title, unit: fieldConfig.defaults.unit }).toMatchObject({
        unit: expect.any(String),
      });
      // Absent is not zero: a number that is not there says what that means.
      if (type === "stat") {
        expect({ title, ...fieldConfig.defaults }).toMatchObject({ noValue: expect.any(String) });
      }
    }
  });

  test("has panels side by side, none over another", () => {
    const taken = new Set<string>();
    for (const { id, gridPos } of dashboard.panels) {
      const { x, y, w, h } = gridPos;
      expect({ id, right: x + w <= 24 }).toEqual({ id, right: true });
      for (let cell = 0; cell < w * h; cell += 1) {
        const at = `${x + (cell % w)}:${y + Math.floor(cell / w)}`;
        expect({ id, at, free: !taken.has(at) }).toEqual({ id, at, free: true });
        taken.add(at);
      }
    }
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
  });

  test("asks for this moment where it shows one, and for rates over what Grafana reckons", () => {
    for (const { title, type, targets } of panels) {
      const now = ["stat", "table", "bargauge"].includes(type);
      for (const { expr, instant } of targets) {
        expect({ title, instant }).toEqual({ title, instant: now });
        const ranges = [...expr.matchAll(/\[([^\]]+)\]/g)].map(([, range]) => range);
        const allowed = now || expr.includes("@ end()") ? "$__range" : "$__rate_interval";
        expect({ title, ranges: new Set(ranges) }).toEqual({
          title,
          ranges: new Set(ranges.length === 0 ? [] : [allowed]),
        });
      }
    }
  });
});
