import { describe, expect, test } from "bun:test";
import { renderPage } from "./docs.ts";

describe("docs/configuration.md", () => {
  test("holds the flags that the code has (otherwise: just docs)", async () => {
    const page = await Bun.file(`${import.meta.dir}/../docs/configuration.md`).text();
    expect(page).toBe(renderPage(page));
    for (const name of ["sidecar", "webhook", "exporter"]) {
      expect(page).toContain(`<!-- flags of ${name} -->\n| flag |`);
    }
  });
});

test("renderPage() refuses a marker that names no component", () => {
  expect(() => renderPage("<!-- flags of nothing -->\n\n<!-- end -->")).toThrow('"nothing"');
});
