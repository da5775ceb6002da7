import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { version } from "../../package.json" with { type: "json" };
import { runProcess } from "../../shared/testing/process.ts";
import { sectionOf, versionOf } from "./changelog.ts";

const CHANGELOG = `# Changelog

One line for each change.

## Unreleased

- [FEATURE] later.

## 1.10.0 (2026-12-01)

- [CHANGE] ten.

### Upgrading

Read this.

## 1.1.0

- [FEATURE] one.

## 1.0.0
`;

describe("sectionOf()", () => {
  test("gives a section whole, with its parts, and without its title", () => {
    const text = "- [CHANGE] ten.\n\n### Upgrading\n\nRead this.";
    expect(sectionOf(CHANGELOG, "1.10.0")).toBe(text);
  });

  test("does not take 1.10.0 for 1.1.0", () => {
    expect(sectionOf(CHANGELOG, "1.1.0")).toBe("- [FEATURE] one.");
  });

  test.each([
    ["that is not there", CHANGELOG, "2.0.0"],
    ["that is empty", CHANGELOG, "1.0.0"],
    ["that is there twice", `${CHANGELOG}## 1.1.0\n\nagain\n`, "1.1.0"],
    ["of an empty file", "", "1.0.0"],
  ])("refuses a section %s", (_, changelog, wanted) => {
    expect(() => sectionOf(changelog, wanted)).toThrow(RangeError);
  });
});

describe("versionOf()", () => {
  test("is the tag without its v", () => {
    expect(versionOf("v1.2.3", "1.2.3")).toBe("1.2.3");
  });

  test.each(["v1.2.4", "1.2.3", "v1.2.3-rc.1", "v1.2", "v1.2.3\n", ""])("refuses %j", (tag) => {
    expect(() => versionOf(tag, "1.2.3")).toThrow(RangeError);
  });
});

describe("release-notes.ts", () => {
  const notes = async (...args: readonly string[]) =>
    await runProcess(["bun", join(import.meta.dir, "release-notes.ts"), ...args]);

  test("refuses a tag that is not the package's version, in one line", async () => {
    const { code, stdout, stderr } = await notes("v999.0.0");
    expect({ code, stdout, stderr }).toEqual({
      code: 1,
      stdout: "",
      stderr: `The tag says 999.0.0, package.json says ${version}\n`,
    });
  });

  test("refuses an image without a whole digest", async () => {
    const { code, stderr } = await notes(`v${version}`, "lb-exporter=r/lb-exporter:v1@sha256:0");
    expect(code).toBe(1);
    expect(stderr).toMatch(/is no image|needs one section/);
  });
});
