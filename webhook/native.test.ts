import { describe, expect, test } from "bun:test";
import { createLogger } from "../shared/log.ts";
import { eventually } from "../shared/testing/eventually.ts";
import { createNativeSwitch, knowsNative, type ServerVersion } from "./native.ts";

const log = createLogger({ level: "error", format: "json" });

test.each<[number, number, boolean]>([
  [1, 28, false],
  [1, 29, false],
  [1, 31, false],
  [1, 32, true],
  [1, 40, true],
  [2, 0, true],
  [0, 99, false],
])(
  "knowsNative(%p.%p) is %p: its kubelets may be three minor versions older",
  (major, minor, yes) => {
    expect(knowsNative({ major, minor })).toBe(yes);
  },
);

/** A switch whose waits end when the test says so. */
function start(setting: "auto" | "true" | "false", answers?: (ServerVersion | Error)[]) {
  const controller = new AbortController();
  const waits: { ms: number; over: () => void }[] = [];
  let asked = 0;
  const native = createNativeSwitch({
    setting,
    log,
    stopping: controller.signal,
    sleep: (ms) => new Promise((over) => waits.push({ ms, over })),
    serverVersion:
      answers &&
      (async () => {
        const answer = answers[asked++];
        if (answer === undefined || answer instanceof Error) throw answer ?? new Error("no more");
        return answer;
      }),
  });
  const waited = async () => await eventually("a wait", () => waits.shift());
  return { native, waited, controller, asked: () => asked };
}

describe("createNativeSwitch()", () => {
  test.each(["true", "false"] as const)(
    "is %p where the operator says so, and asks nobody",
    (setting) => {
      const { native, asked } = start(setting, [{ major: 1, minor: 32 }]);
      expect([native(), asked()]).toEqual([setting === "true", 0]);
    },
  );

  test("is false without a cluster", () => {
    expect(start("auto").native()).toBe(false);
  });

  test("is false until the API server has answered, and follows an upgrade within the hour", async () => {
    const answers = [new Error("timeout"), { major: 1, minor: 31 }, { major: 1, minor: 32 }];
    const { native, waited, controller, asked } = start("auto", answers);
    expect(native()).toBe(false);
    const first = await waited();
    expect([first.ms, native()]).toEqual([10_000, false]);
    first.over();
    const second = await waited();
    expect([second.ms, native()]).toEqual([3_600_000, false]);
    second.over();
    const third = await waited();
    expect([third.ms, native()]).toEqual([3_600_000, true]);
    controller.abort();
    third.over();
    await Promise.resolve();
    expect(asked()).toBe(3);
  });

  test("keeps what it knew where the API server does not answer later", async () => {
    const { native, waited } = start("auto", [{ major: 1, minor: 33 }, new Error("down")]);
    (await waited()).over();
    await waited();
    expect(native()).toBe(true);
  });
});
