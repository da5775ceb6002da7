import { describe, expect, test } from "bun:test";
import { createCounters } from "../counters.ts";
import type { ZoneFacts } from "../facts.ts";
import { type BalancerState, UNKNOWN_ZONE, type ZoneState } from "../zone.ts";
import { plot, statusFacts } from "./read.ts";

const server = {
  ip: "10.0.0.1",
  port: "80",
  state: "up",
  connections: 3,
  throughputRate: undefined,
  averageTtfbMs: 5,
  requestsPerSecond: 7,
  requestByteRate: undefined,
  responseByteRate: undefined,
};

function balancer(id: string, over: Partial<BalancerState> = {}): BalancerState {
  return {
    balancer: {
      id,
      name: `lb-${id}`,
      serviceIp: "10.0.0.9",
      servicePort: "80",
      serviceType: "HTTP",
      option: "ROUNDROBIN",
      healthcheckType: "tcp",
      state: "Out of Service",
      connections: 1,
      requestsPerSecond: 2,
    },
    success: true,
    problem: undefined,
    servers: { items: [server], listed: 1, atMs: 1000 },
    ...over,
  };
}

function zone(state: Partial<ZoneState>, balancers: readonly BalancerState[]): ZoneFacts {
  const known = { balancers, listed: balancers.length, filtered: 0 };
  const timing = { startedAtMs: 1000, durationMs: 50 };
  return {
    account: undefined,
    zone: "DX-M1",
    counters: createCounters(),
    state: { ...UNKNOWN_ZONE, up: true, known, last: timing, lastSuccess: timing, ...state },
  };
}

const frame = { builtAtMs: 2000, intervalMs: 60_000, maxAgeMs: 300_000 };

describe("statusFacts()", () => {
  test("tells of each load balancer with its servers, its points, and states in one spelling", () => {
    const zones = [zone({}, [balancer("a")])];
    const [read] = statusFacts(zones, plot([], zones), frame).zones;
    expect(read).toMatchObject({
      zone: "DX-M1",
      up: true,
      lastSuccessAtMs: 1000,
      lastDurationMs: 50,
    });
    expect(read?.balancers).toMatchObject([
      {
        name: "lb-a",
        state: "OUT OF SERVICE",
        serversAtMs: 1000,
        servers: [{ ip: "10.0.0.1", state: "UP" }],
        history: [{ atMs: 1000, requestsPerSecond: 7, connections: 3, up: 1, servers: 1 }],
      },
    ]);
  });

  test("blames a load balancer for its own failure, but not for that of its whole zone", () => {
    const failing = [balancer("a", { success: false, problem: "list_servers failed" })];
    const problems = (up: boolean) =>
      statusFacts([zone({ up }, failing)], [], frame).zones[0]?.balancers?.map(
        (one) => one.problem,
      );
    expect(problems(true)).toEqual(["list_servers failed"]);
    expect(problems(false)).toEqual([undefined]);
  });
});

describe("plot()", () => {
  test.each([
    ["servers that were not read", zone({}, [balancer("a", { success: false })])],
    ["a zone that was not listed", zone({ up: false }, [balancer("a")])],
  ])("leaves a gap for %s", (_name, failed) => {
    const history = plot(plot([], [zone({}, [balancer("a")])]), [failed]);
    const [points] = history[0]?.balancers.map((one) => one.points) ?? [];
    expect(points?.map(({ servers }) => servers)).toEqual([1, undefined]);
  });

  test("keeps no points of a fleet that is too large for them", () => {
    const many = Array.from({ length: 1001 }, (_, id) => balancer(String(id)));
    expect(plot([], [zone({}, many)])).toEqual([]);
  });
});
