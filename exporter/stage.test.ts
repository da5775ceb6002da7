import { describe, expect, test } from "bun:test";
import type { LeaderState } from "./leader/state.ts";
import type { Snapshot } from "./snapshot.ts";
import { createStage } from "./stage.ts";

const page = (problem: string, listed = true): Snapshot => ({
  pages: {
    text: { plain: new Blob(), gzip: new Blob() },
    openmetrics: { plain: new Blob(), gzip: new Blob() },
  },
  status: new Blob(),
  builtAtMs: 0,
  listed,
  problem,
});

function setUp(elects: boolean, initial = () => page("initial", false)) {
  return createStage({
    elects,
    initial,
    standby: page("standby"),
    maxAgeMs: 1000,
    now: () => 500,
  });
}

describe("without an election a replica", () => {
  test("serves what was collected last, and is ready once something was listed", () => {
    const stage = setUp(false);
    expect(stage.current.problem).toBe("initial");
    expect(stage.collected).toBeUndefined();
    expect(stage.readiness).toStartWith("the load balancers were never listed yet");
    stage.show(page("first"));
    expect(stage.current.problem).toBe("first");
    expect(stage).toMatchObject({ role: "alone", leader: undefined, readiness: true });
  });
});

test("renew() makes the first page anew, but never one of a collection", () => {
  let made = 0;
  const stage = setUp(false, () => page(`initial ${(made += 1)}`, false));
  stage.renew();
  expect(stage.current.problem).toBe("initial 2");
  stage.show(page("first"));
  stage.renew();
  expect(stage.current.problem).toBe("first");
});

describe("with an election a replica", () => {
  const leading: LeaderState = { kind: "leading", holds: () => true };

  test.each<[string, LeaderState, string | true, string | undefined]>([
    ["starts", { kind: "starting", problem: undefined }, "has not read the lease yet", undefined],
    [
      "cannot read the lease",
      { kind: "starting", problem: "no right" },
      "cannot read the lease: no right",
      undefined,
    ],
    ["stands by", { kind: "standby", leader: "pod-b" }, true, "pod-b"],
    ["stands by for nobody", { kind: "standby", leader: "" }, true, undefined],
    ["has ended", { kind: "stopped" }, "stopping", undefined],
  ])("that %s shows the page of a standby", (_name, state, readiness, leader) => {
    const stage = setUp(true);
    stage.show(page("collected"));
    stage.change(state);
    expect(stage.current.problem).toBe("standby");
    expect(stage.collected).toBeUndefined();
    expect(stage).toMatchObject({ role: "standby", readiness, leader });
  });

  test("that leads shows what it collected, but nothing from an earlier leadership", () => {
    const stage = setUp(true);
    stage.change(leading);
    stage.show(page("first"));
    expect(stage).toMatchObject({ role: "leading", readiness: true });
    expect(stage.current.problem).toBe("first");
    stage.change({ kind: "standby", leader: "pod-b" });
    expect(stage.current.problem).toBe("standby");
    stage.change(leading);
    expect(stage.current.problem).toBe("initial");
  });

  test("whose leadership has run out shows the page of a standby before it is told", () => {
    const stage = setUp(true);
    let holds = true;
    stage.change({ kind: "leading", holds: () => holds });
    stage.show(page("first"));
    holds = false;
    expect(stage.current.problem).toBe("standby");
    expect(stage.role).toBe("standby");
  });
});
