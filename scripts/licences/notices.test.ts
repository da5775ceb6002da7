import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dependencies, devDependencies } from "../../package.json" with { type: "json" };
import { ENTRIES } from "../build.ts";
import { isAllowed } from "./allowed.ts";
import { bundledPackages } from "./bundle.ts";
import { renderNotices } from "./notices.ts";
import { LicenceError, readPackage } from "./package.ts";

const COMPONENTS = Object.keys(ENTRIES);
/** The runtime, and the page about it: no code of theirs goes through the bundler. */
const NOT_BUNDLED = ["bun", "bun-types"];

describe("bundledPackages()", () => {
  const names = new Map<string, readonly string[]>();
  beforeAll(async () => {
    for (const component of COMPONENTS) {
      const packages = await bundledPackages(component);
      const own = packages.map(({ directory }) => directory.replace(/^.*node_modules\//, ""));
      names.set(component, own);
    }
  });

  test.each([
    ["hono", COMPONENTS],
    ["zod", COMPONENTS],
    ["prom-client", COMPONENTS],
    // Of prom-client, two levels down.
    ["bintrees", COMPONENTS],
    ["@kubernetes/client-node", ["webhook", "exporter"]],
    ["yaml", ["webhook", "exporter"]],
    ["@peculiar/x509", ["webhook"]],
    ["reflect-metadata", ["webhook"]],
  ])("finds %s in %j only", (name, components) => {
    expect(COMPONENTS.filter((component) => names.get(component)?.includes(name))).toEqual(
      components,
    );
  });

  test("finds every dependency somewhere, and no development dependency anywhere", () => {
    const all = new Set([...names.values()].flat());
    const expected = Object.keys(dependencies).filter((name) => !NOT_BUNDLED.includes(name));
    expect([...all]).toEqual(expect.arrayContaining(expected));
    expect(Object.keys(devDependencies).filter((name) => all.has(name))).toEqual([]);
  });
});

describe("isAllowed()", () => {
  test.each([
    ["MIT", true],
    ["(MIT OR GPL-3.0-only)", true],
    ["MIT AND Apache-2.0", true],
    ["MIT AND GPL-3.0-only", false],
    ["GPL-3.0-only", false],
    ["(MIT AND (ISC OR GPL-2.0-only))", false],
    ["Apache-2.0 WITH LLVM-exception", false],
    ["SEE LICENSE IN LICENSE.md", false],
    ["UNLICENSED", false],
    ["", false],
  ])("of %j says %p", (expression, allowed) => {
    expect(isAllowed(expression)).toBe(allowed);
  });
});

describe("readPackage()", () => {
  let directory = "";
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "licences-"));
  });
  afterAll(() => rm(directory, { recursive: true }));

  async function packageWith(license: unknown, files: Readonly<Record<string, string>>) {
    const at = join(directory, Bun.randomUUIDv7());
    await Bun.write(join(at, "package.json"), JSON.stringify({ name: "a", version: "1", license }));
    for (const [name, text] of Object.entries(files)) await Bun.write(join(at, name), text);
    return readPackage(at);
  }

  test("takes the licence and every file with its terms", async () => {
    const files = { "LICENSE.md": " terms\n", NOTICE: "notice", "README.md": "no terms" };
    expect(await packageWith("MIT", files)).toEqual({
      name: "a",
      version: "1",
      licence: "MIT",
      texts: ["terms", "notice"],
    });
  });

  test.each([
    ["names no licence", undefined, { LICENSE: "terms" }],
    ["names no licence", [{ type: "MIT" }], { LICENSE: "terms" }],
    ["GPL-3.0-only is not an allowed licence", "GPL-3.0-only", { COPYING: "terms" }],
    ["comes without the text of its licence", "MIT", { "README.md": "MIT" }],
  ])("throws where a package %s", async (message, license, files) => {
    const failed = await packageWith(license, files).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(LicenceError);
    expect(String(failed)).toContain(message);
  });
});

describe("renderNotices()", () => {
  test("holds name, version, licence and terms of each package, and what the runtime is made of", async () => {
    const text = await renderNotices("sidecar");
    expect(text).toContain(`\nhono ${dependencies.hono}: MIT\n`);
    const terms = await Bun.file("node_modules/hono/LICENSE").text();
    expect(text).toContain(`hono ${dependencies.hono} (MIT)\n\n${terms.trim()}\n`);
    expect(text).toContain(`\nBun ${dependencies.bun}\n\nBun itself is MIT-licensed.`);
    for (const library of ["JavaScriptCore", "`boringssl`", "`tinycc`", "LGPL-2.1"]) {
      expect(text).toContain(library);
    }
  });

  test("ends with the whole texts that the runtime asks for, the same on every machine", async () => {
    const text = await renderNotices("sidecar");
    for (const [name, title] of [
      ["LGPL-2", "GNU LIBRARY GENERAL PUBLIC LICENSE"],
      ["LGPL-2.1", "GNU LESSER GENERAL PUBLIC LICENSE"],
    ] as const) {
      const whole = await Bun.file(`scripts/licences/texts/${name}.txt`).text();
      expect(whole.trim()).toStartWith(title);
      expect(whole).toContain("END OF TERMS AND CONDITIONS");
      expect(text).toContain(`\n\n${name}\n\n${whole}`);
    }
    // Nothing but this repository and what bun.lock installs.
    expect(await Bun.file("scripts/licences/notices.ts").text()).not.toMatch(/["'`]\/(usr|etc)\//);
  });
});
