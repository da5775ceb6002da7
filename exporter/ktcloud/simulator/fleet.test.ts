import { describe, expect, test } from "bun:test";
import { ZONE_NAMES } from "../zones.ts";
import { balancerFacts, isUp, serverFacts, serverLoad } from "./fleet.ts";
import { balancerId, balancerNumber, balancerUuid, type FleetKey, keyOfId } from "./ids.ts";

const FIRST: FleetKey = { seed: 1, zone: "DX-M1", account: 0, place: 0 };
const MINUTE = 60_000;

/** All that can be known of twelve load balancers with four servers each. */
function fleet(over: Partial<FleetKey>, atMs = 0) {
  return Array.from({ length: 12 }, (_, place) => {
    const key = { ...FIRST, ...over, place };
    const servers = [0, 1, 2, 3].map((position) => ({
      ...serverFacts(key, position),
      up: isUp(key, position),
      ...serverLoad(key, position, atMs),
    }));
    return { ...balancerFacts(key, "normal"), servers };
  });
}

describe("the fleet", () => {
  test("is the same for the same seed, zone, account and time", () => {
    expect(fleet({})).toEqual(fleet({}));
  });

  test.each([[{ seed: 2 }], [{ zone: "DX-G" as const }], [{ account: 1 }]])(
    "is another with %j",
    (over) => {
      const [one, other] = [fleet({}), fleet(over)];
      expect(one.map(({ servers }) => servers)).not.toEqual(other.map(({ servers }) => servers));
    },
  );

  test("has numbers that drift slowly, and nothing else that changes", () => {
    const [before, after] = [fleet({}, 0), fleet({}, MINUTE)];
    const rates = (of: typeof before) =>
      of.flatMap(({ servers }) => servers.map(({ requestsrate }) => requestsrate));
    expect(rates(after)).not.toEqual(rates(before));
    rates(before).forEach((rate, index) => {
      expect(Math.abs((rates(after)[index] ?? 0) - rate)).toBeLessThanOrEqual(rate);
    });
    const names = (of: typeof before) => of.map(({ name, uuid }) => [name, uuid]);
    expect(names(after)).toEqual(names(before));
  });

  test("has a few servers down, and one load balancer in six without any that is up", () => {
    const states = fleet({}).map(({ servers }) => servers.map(({ up }) => up));
    const down = states.flat().filter((up) => !up).length;
    expect(down).toBeGreaterThan(2);
    expect(down).toBeLessThan(20);
    expect(states.filter((servers) => !servers.includes(true))).toHaveLength(2);
  });

  test.each(["normal", "hostile"] as const)("has %s names of 32 characters at most", (names) => {
    for (let place = 0; place < 10_000; place += 1) {
      const { name } = balancerFacts({ ...FIRST, place }, names);
      expect(name.length).toBeLessThanOrEqual(32);
    }
  });
});

describe("numbers and UUIDs of load balancers", () => {
  test("lead back to zone, account and place, from both ends of each fleet", () => {
    for (const zone of ZONE_NAMES) {
      for (const [account, place] of [
        [0, 0],
        [0, 9999],
        [3, 0],
        [3, 9999],
      ] as const) {
        const key = { seed: 1, zone, account, place };
        const id = balancerId(key);
        expect(keyOfId(1, id)).toEqual(key);
        expect(balancerNumber(String(id))).toBe(id);
        expect(balancerNumber(balancerUuid(1, id).toUpperCase())).toBe(id);
      }
    }
  });

  test.each([0, 37_998, 38_001, 138_000, Number.NaN, -38_000, 38_000.5])(
    "%d is nobody's number",
    (id) => {
      expect(keyOfId(1, id)).toBeUndefined();
    },
  );

  test.each(["", "web", "1.5", "-1", "0x10", "38000 ", "3f0e1a52-0000-4000-8000-0000000000c"])(
    "%j is neither",
    (text) => {
      expect(balancerNumber(text)).toBeUndefined();
    },
  );
});
