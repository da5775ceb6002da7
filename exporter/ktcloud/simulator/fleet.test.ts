import { describe, expect, test } from "bun:test";
import { balancerById, fleetAt } from "./fleet.ts";

const shape = { loadBalancers: 12, servers: 4, seed: 1 };
const MINUTE = 60_000;

describe("fleetAt()", () => {
  test("gives the same fleet for the same seed, zone and time, and another for another", () => {
    expect(fleetAt(shape, "DX-M1", 0)).toEqual(fleetAt(shape, "DX-M1", 0));
    expect(fleetAt({ ...shape, seed: 2 }, "DX-M1", 0)).not.toEqual(fleetAt(shape, "DX-M1", 0));
    expect(fleetAt(shape, "DX-G", 0)).not.toEqual(fleetAt(shape, "DX-M1", 0));
  });

  test("lets numbers drift slowly, and nothing else change", () => {
    const [before, after] = [fleetAt(shape, "DX-M1", 0), fleetAt(shape, "DX-M1", MINUTE)];
    const rates = (fleet: typeof before) =>
      fleet.flatMap(({ servers }) => servers.map(({ requestsrate }) => requestsrate));
    expect(rates(after)).not.toEqual(rates(before));
    rates(before).forEach((rate, index) => {
      expect(Math.abs((rates(after)[index] ?? 0) - rate)).toBeLessThanOrEqual(rate);
    });
    const names = (fleet: typeof before) => fleet.map(({ facts }) => facts.name);
    expect(names(after)).toEqual(names(before));
  });

  test("has a few servers down, without any load, and derives the state of each load balancer", () => {
    const fleet = fleetAt(shape, "DX-M1", 0);
    const down = fleet.flatMap(({ servers }) => servers).filter(({ state }) => state === "DOWN");
    expect(down.length).toBeGreaterThan(2);
    expect(down.length).toBeLessThan(20);
    for (const server of down) expect(server).toMatchObject({ requestsrate: 0, avgsvrttfb: 0 });
    for (const { facts, servers } of fleet) {
      const up = servers.some(({ state }) => state === "UP");
      expect(facts.state).toBe(up ? "UP" : "DOWN");
    }
    expect(new Set(fleet.map(({ facts }) => facts.state))).toEqual(new Set(["UP", "DOWN"]));
  });

  test("has ids that are unique over all zones, and names of 32 characters at most", () => {
    const fleets = (["DX-M1", "DX-G-YS"] as const).flatMap((zone) =>
      fleetAt({ ...shape, loadBalancers: 2001 }, zone, 0),
    );
    expect(new Set(fleets.map(({ facts }) => facts.loadbalancerid)).size).toBe(4002);
    for (const { facts } of fleets) expect(String(facts.name).length).toBeLessThanOrEqual(32);
  });
});

test("balancerById() gives the one that fleetAt() lists, or nothing", () => {
  for (const one of fleetAt(shape, "DX-Central", 5)) {
    const id = one.facts.loadbalancerid;
    expect(balancerById(shape, { zone: "DX-Central", id }, 5)).toEqual(one);
  }
  for (const id of [0, Number.NaN, 38_001, 57_999, 58_024]) {
    expect(balancerById(shape, { zone: "DX-Central", id }, 5)).toBeUndefined();
  }
});
