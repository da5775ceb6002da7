import { describe, expect, test } from "bun:test";
import { createTokenSource, type TokenSourceOptions } from "./auth.ts";
import { ApiError } from "./errors.ts";

const MINUTE = 60_000;
const START = Date.parse("2026-01-01T00:00:00Z");

/** A cloud that issues T1, T2, … and a clock that only the test moves. */
function setUp(
  body: (nowMs: number) => object = () => ({}),
  over: Partial<TokenSourceOptions> = {},
) {
  const world = { nowMs: START, logins: 0, issued: 0, status: 201, headers: {} };
  const source = createTokenSource({
    zoneUrl: "http://cloud/d1",
    credentials: { account: "a@example.com", password: "p" },
    holdMs: 30_000,
    now: () => world.nowMs,
    monotonicNow: () => world.nowMs,
    onToken: () => {
      world.issued += 1;
    },
    send: async () => {
      world.logins += 1;
      if (world.status === 0) throw new ApiError("no", { failure: "network", operation: "token" });
      const fine = world.status === 201;
      return {
        status: world.status,
        headers: new Headers({
          ...(fine && { "X-Subject-Token": `T${world.logins}` }),
          ...world.headers,
        }),
        text: JSON.stringify(fine ? { token: body(world.nowMs) } : {}),
      };
    },
    ...over,
  });
  return { world, source };
}

const at = (ms: number) => new Date(ms).toISOString().replace("Z", "000Z");

describe("current() uses a token", () => {
  test.each([
    ["an hour long until 5 minutes before its end", 60, 55],
    ["half an hour long until 5 minutes before its end", 30, 25],
    ["four minutes long for half its life", 4, 2],
    ["a millisecond long for a second all the same", 1 / 60_000, 1 / 60],
    ["a day long for 55 minutes at most", 1440, 55],
  ])("%s", async (_name, lifetime, usable) => {
    const { world, source } = setUp((now) => ({ expires_at: at(now + lifetime * MINUTE) }));
    expect(await source.current()).toBe("T1");
    world.nowMs = START + usable * MINUTE - 1;
    expect(await source.current()).toBe("T1");
    world.nowMs = START + usable * MINUTE;
    expect(await source.current()).toBe("T2");
  });

  test("for 55 minutes if the cloud does not say when it ends", async () => {
    const { world, source } = setUp();
    await source.current();
    world.nowMs += 55 * MINUTE - 1;
    expect(await source.current()).toBe("T1");
  });

  test("as long as it lives by the cloud's clock, however wrong ours is", async () => {
    const skew = -3 * 60 * MINUTE;
    const { world, source } = setUp((now) => ({
      issued_at: at(now + skew),
      expires_at: at(now + skew + 60 * MINUTE),
    }));
    await source.current();
    world.nowMs += 54 * MINUTE;
    expect(await source.current()).toBe("T1");
  });

  test("that concurrent callers share, asked for once", async () => {
    const { world, source } = setUp();
    const tokens = await Promise.all(Array.from({ length: 20 }, () => source.current()));
    expect(new Set(tokens)).toEqual(new Set(["T1"]));
    expect(world.logins).toBe(1);
  });
});

describe("a renewal that fails", () => {
  test("leaves the token in use until its real end, and tries again meanwhile", async () => {
    const { world, source } = setUp((now) => ({ expires_at: at(now + 60 * MINUTE) }));
    await source.current();
    world.status = 503;
    world.nowMs = START + 56 * MINUTE;
    expect(await source.current()).toBe("T1");
    world.nowMs = START + 60 * MINUTE - 1;
    expect(await source.current()).toBe("T1");
    expect(world.logins).toBe(3);
    world.nowMs = START + 60 * MINUTE + 1000;
    expect(source.current()).rejects.toThrow("HTTP 503");
    world.status = 201;
    world.nowMs += 1000;
    expect(await source.current()).toBe("T5");
  });
});

describe("a login that fails", () => {
  test("is not tried again before the hold is over, and ever more rarely while it is refused", async () => {
    const { world, source } = setUp();
    world.status = 401;
    const triedAt: number[] = [];
    for (let second = 0; second < 1800; second += 15) {
      world.nowMs = START + second * 1000;
      const before = world.logins;
      await source.current().catch(() => {});
      if (world.logins > before) triedAt.push(second);
    }
    expect(triedAt).toEqual([0, 30, 90, 210, 450, 930]);
  });

  test.each([
    ["without an answer is tried again after a second", 0, {}, 1],
    ["with 503 is tried again after a second", 503, {}, 1],
    ["with 429 is tried again when the cloud says", 429, { "retry-after": "90" }, 90],
  ])("%s", async (_name, status, headers, seconds) => {
    const { world, source } = setUp();
    world.status = status;
    world.headers = headers;
    await source.current().catch(() => {});
    world.nowMs += seconds * 1000 - 1;
    await source.current().catch(() => {});
    expect(world.logins).toBe(1);
    world.nowMs += 1;
    await source.current().catch(() => {});
    expect(world.logins).toBe(2);
    expect(world.issued).toBe(0);
  });

  test("gives every caller the same error, and the next success forgets it", async () => {
    const { world, source } = setUp();
    world.status = 401;
    const [first, second] = await Promise.allSettled([source.current(), source.current()]);
    expect(first).toEqual(second);
    expect(first).toMatchObject({ reason: { failure: "auth", operation: "token" } });
    world.status = 201;
    world.nowMs += 30_000;
    expect(await source.current()).toBe("T2");
  });

  test("is a parse failure if the token is missing", async () => {
    const send = async () => ({ status: 201, headers: new Headers(), text: "{}" });
    const { source } = setUp(undefined, { send });
    const error = await source.current().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({
      failure: "parse",
      message: "the answer holds no X-Subject-Token",
    });
  });
});

describe("replace()", () => {
  test("renews once for all callers that were refused with the same token", async () => {
    const { world, source } = setUp();
    const old = await source.current();
    const renewed = await Promise.all([source.replace(old), source.replace(old)]);
    expect(renewed).toEqual(["T2", "T2"]);
    expect(await source.replace(old)).toBe("T2");
    expect(world.logins).toBe(2);
  });

  test("does not log in for every call of a cloud that refuses fresh tokens too", async () => {
    const { world, source } = setUp();
    await source.replace(await source.current());
    for (let call = 0; call < 50; call += 1) {
      expect(await source.replace("T2")).toBeUndefined();
    }
    expect(world.logins).toBe(2);
    world.nowMs += 30_000;
    expect(await source.replace("T2")).toBe("T3");
  });
});
