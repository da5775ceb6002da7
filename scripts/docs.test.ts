import { describe, expect, test } from "bun:test";
import { PAGES, renderPage } from "./docs.ts";

describe.each(PAGES)("%s", (path) => {
  test("holds the tables that the code gives (otherwise: just docs)", async () => {
    const page = await Bun.file(path).text();
    expect(page).toBe(renderPage(page));
    expect(page).toMatch(/<!-- [\w ]+ -->\n\| \w+/);
  });
});

test("the tables hold every component, annotation and reason", async () => {
  const pages = await Promise.all(PAGES.map((path) => Bun.file(path).text()));
  for (const text of ["`--proxy-port`", "`--cert-dir`", "`--collect.interval`"]) {
    expect(pages[0]).toContain(text);
  }
  for (const text of ["`prometheus.io/wait-port-name`", "`needs_native`", "| Istio | 15000"]) {
    expect(pages[1]).toContain(text);
  }
});

test("the exporter's metrics are all there, with type, labels and meaning", async () => {
  const page = await Bun.file(PAGES[2] ?? "").text();
  const rows = page.split("\n").filter((line) => line.startsWith("| `ktcloud_"));
  expect(rows).toHaveLength(41);
  for (const row of rows)
    expect(row).toMatch(/^\| `\w+` \| (gauge|counter|histogram) \| .* \| \w.+\. \|$/);
  expect(page).toContain("| `ktcloud_lb_server_count` | gauge | `lb_id`, `lb_name`, `zone` |");
});

test("renderPage() refuses a marker that names no table", () => {
  expect(() => renderPage("<!-- nothing -->\n<!-- end -->")).toThrow('"nothing"');
});
