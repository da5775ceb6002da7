/** What is named on a command line is a component, or every program says the same about it. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { componentsOf, ENTRIES } from "./build.ts";
import { IMAGES } from "./images/engine.ts";
import { runToEnd } from "./run.ts";

const ROOT = join(import.meta.dir, "..");
const SAID = "no such component, only webhook, sidecar, exporter";

describe("componentsOf()", () => {
  test("gives what is named, and all if nothing is", () => {
    expect(componentsOf(["exporter", "webhook"])).toEqual(["exporter", "webhook"]);
    expect(componentsOf([])).toEqual(["webhook", "sidecar", "exporter"]);
  });

  test.each(["nosuch", "constructor", "Webhook", ""])("throws a RangeError for %j", (name) => {
    expect(() => componentsOf(["webhook", name])).toThrow(new RangeError(`${name}: ${SAID}`));
  });
});

test.each(["build.ts", "licences/write.ts", "images/image.ts"])(
  "scripts/%s says which components there are, and no more",
  async (program) => {
    const command = ["bun", join(import.meta.dir, program), "nosuch"];
    expect(await runToEnd(command, { cwd: ROOT })).toEqual({
      code: 1,
      stdout: "",
      stderr: `nosuch: ${SAID}\n`,
    });
  },
);

test("every component has an image of its own, which the Dockerfile calls by the same name", async () => {
  expect(Object.keys(IMAGES)).toEqual(Object.keys(ENTRIES));
  const text = await Bun.file(join(ROOT, "Dockerfile")).text();
  const cases = [...text.matchAll(/^ +(\w+)\) name=([\w-]+) ;;/gm)];
  expect(Object.fromEntries(cases.map(([, component, name]) => [component, name]))).toEqual(IMAGES);
  expect(text).toContain(`COMPONENT=\${COMPONENT}: ${SAID}"`);
});
