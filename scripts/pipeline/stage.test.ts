import { describe, expect, test } from "bun:test";
import { stageOf } from "./stage.ts";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";

describe("stageOf()", () => {
  test.each([
    ["refs/heads/develop", { environment: "dev", tags: ["develop-latest", "sha-0123456789ab"] }],
    ["refs/heads/main", { environment: "staging", tags: ["main-latest", "sha-0123456789ab"] }],
    ["refs/tags/v1.20.3", { environment: "prod", tags: ["v1.20.3"] }],
  ] as const)("publishes %s", (ref, stage) => {
    expect(stageOf(ref, COMMIT)).toEqual({ environment: stage.environment, tags: [...stage.tags] });
  });

  test.each([
    "refs/heads/feature/main",
    "refs/heads/v1.2.3",
    "refs/heads/constructor",
    "refs/pull/7/merge",
    "refs/tags/main",
    "refs/tags/v1.2",
    "refs/tags/v1.2.3-rc.1",
    "refs/tags/v01.2.3",
    "refs/tags/v1.2.3\nrefs/heads/main",
    "main",
    "",
  ])("publishes nothing from %j", (ref) => {
    expect(stageOf(ref, COMMIT)).toBeUndefined();
  });

  test.each(["", "0123456789ab", COMMIT.toUpperCase(), `${COMMIT}\n`])(
    "refuses the commit %j",
    (commit) => {
      expect(() => stageOf("refs/heads/main", commit)).toThrow(RangeError);
    },
  );
});
