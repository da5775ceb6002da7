/** The calls, against an API server over HTTPS. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { ApiError } from "../../shared/cluster/api.ts";
import { sleep } from "../../shared/lifecycle.ts";
import type { ApiObject } from "../../shared/testing/api-object.ts";
import { FakeApiServer, type Fault } from "../../shared/testing/api-server.ts";
import { eventually } from "../../shared/testing/eventually.ts";
import { type Claim, type Lease, parseLease } from "./lease.ts";
import type { Leases } from "./leases.ts";
import { createLeasesOf, NAME, NAMESPACE, specIn } from "./testing/connect.ts";

const CLAIM: Claim = {
  holder: "me",
  durationSeconds: 15,
  acquiredAtMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
  renewedAtMs: Date.UTC(2026, 0, 2, 3, 4, 6),
  transitions: 2,
};

let api: FakeApiServer;
let leases: Leases;
const signal = () => AbortSignal.timeout(5000);

beforeEach(async () => {
  api = await FakeApiServer.start();
  leases = await createLeasesOf(api);
});
afterEach(async () => await api[Symbol.asyncDispose]());

function stored(more: object = {}, metadata: object = {}): ApiObject {
  return {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name: NAME, namespace: NAMESPACE, ...metadata },
    spec: { holderIdentity: "other", leaseDurationSeconds: 15, leaseTransitions: 1, ...more },
  };
}

async function create(): Promise<Lease> {
  const made = await leases.create(CLAIM, signal());
  if (made === "conflict") throw new Error(made);
  return made;
}

async function failure(run: Promise<unknown>): Promise<ApiError> {
  return await run.then(
    () => Promise.reject(new Error("expected a failure")),
    (error: ApiError) => error,
  );
}

describe("read()", () => {
  test("gives nothing where there is none", async () => {
    expect(await leases.read(signal())).toBeUndefined();
  });

  test("gives what the API server has", async () => {
    api.put("leases", stored({ acquireTime: "2026-01-02T03:04:05.678901Z" }));
    expect(await leases.read(signal())).toMatchObject({
      holder: "other",
      durationSeconds: 15,
      transitions: 1,
      acquiredAtMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
    });
  });

  test.each<[string, Fault]>([
    ["a proxy's page", { kind: "garbage" }],
    ["half an answer", { kind: "cut" }],
    ["a failure", { kind: "status", status: 500 }],
  ])("does not take %s for a lease that is not there", async (_name, fault) => {
    api.fault = () => fault;
    expect((await failure(leases.read(signal()))).operation).toBe("get_lease");
  });
});

describe("create() and update()", () => {
  test("write all that client-go writes, times in microseconds", async () => {
    const made = await create();
    expect(specIn(api)).toEqual({
      holderIdentity: "me",
      leaseDurationSeconds: 15,
      acquireTime: "2026-01-02T03:04:05.678000Z",
      renewTime: "2026-01-02T03:04:06.000000Z",
      leaseTransitions: 2,
    });
    const released = await leases.update(
      made,
      { ...CLAIM, holder: "", durationSeconds: 1 },
      signal(),
    );
    expect(specIn(api)).toMatchObject({ holderIdentity: "", leaseDurationSeconds: 1 });
    expect(released).toMatchObject({ holder: "" });
    expect(released).not.toMatchObject({ version: made.version });
  });

  test("are a conflict where another was quicker", async () => {
    const made = await create();
    expect(await leases.create(CLAIM, signal())).toBe("conflict");
    api.put("leases", stored());
    expect(await leases.update(made, CLAIM, signal())).toBe("conflict");
    api.remove("leases", NAME);
    expect(await leases.update(made, CLAIM, signal())).toBe("conflict");
  });

  test("never write over a lease that was removed and made anew", async () => {
    const made = await create();
    api.remove("leases", NAME);
    const { version } = await create();
    const guessed = { ...made, metadata: { ...made.metadata, resourceVersion: version } };
    expect(await leases.update(guessed, CLAIM, signal())).toBe("conflict");
  });

  test("keep the labels, annotations and owners that somebody else has given it", async () => {
    const given = {
      labels: { by: "argo" },
      annotations: { a: "b" },
      ownerReferences: [{ apiVersion: "apps/v1", kind: "Deployment", name: "d", uid: "u" }],
    };
    api.put("leases", stored({}, given));
    const read = (await leases.read(signal())) as Lease;
    await leases.update(read, CLAIM, signal());
    expect(api.get("leases", NAME)?.metadata).toMatchObject(given);
  });

  test("do not take a proxy's page for success", async () => {
    const made = await create();
    api.fault = () => ({ kind: "garbage" });
    expect((await failure(leases.update(made, CLAIM, signal()))).operation).toBe("update_lease");
    expect((await failure(leases.create(CLAIM, signal()))).operation).toBe("create_lease");
  });
});

test.each<[string, Fault, ApiError["code"], string]>([
  [
    "a right that is missing",
    { kind: "status", status: 403 },
    403,
    "may not get leases.coordination",
  ],
  ["a token that is not taken", { kind: "status", status: 401 }, 401, "does not accept the token"],
  ["no answer", { kind: "hang" }, "timeout", "no answer in time"],
])("a failure says what it is: %s", async (_name, fault, code, text) => {
  api.fault = () => fault;
  const error = await failure(leases.read(AbortSignal.timeout(50)));
  expect(error).toMatchObject({ name: "ApiError", operation: "get_lease", code });
  expect(error.message).toContain(text);
  expect(error.message).not.toContain(api.token);
});

describe("watch()", () => {
  function follow() {
    const seen: (string | undefined)[] = [];
    const errors: ApiError[] = [];
    const controller = new AbortController();
    const done = leases.watch({
      onSeen: (lease) => seen.push(lease?.holder),
      onError: (error) => errors.push(error),
      sleep,
      random: () => 0,
      longestPauseMs: 20,
      signal: controller.signal,
    });
    const end = async () => {
      controller.abort();
      await done;
    };
    return { seen, errors, [Symbol.asyncDispose]: end };
  }

  test("tells the lease at first, each change, and its end; and nothing of other leases", async () => {
    await using watching = follow();
    await eventually("the watch", () => api.watches === 1);
    api.put("leases", stored());
    api.put("leases", { ...stored({ holderIdentity: "x" }, { name: "another" }) });
    api.put("leases", stored({ holderIdentity: "" }));
    api.remove("leases", NAME);
    await eventually("four sights", () => watching.seen.length === 4);
    expect(watching.seen).toEqual([undefined, "other", "", undefined]);
  });

  test("goes on after the API server was away, and pauses no longer than it may", async () => {
    api.put("leases", stored());
    await using watching = follow();
    await eventually("the watch", () => api.watches === 1);
    const comeBack = await api.goAway();
    await eventually("failures", () => watching.errors.length > 5);
    expect(watching.errors[0]).toMatchObject({ operation: "watch_lease", code: "unreachable" });
    comeBack();
    await eventually("the watch again", () => api.watches === 1);
    api.put("leases", stored({ holderIdentity: "new" }));
    await eventually("the news", () => watching.seen.at(-1) === "new");
  });

  test("tells of a lease that is none as a failure", async () => {
    api.put("leases", stored({ holderIdentity: 7 }));
    await using watching = follow();
    await eventually("a failure", () => watching.errors.length > 0);
    expect(watching.seen).toEqual([]);
  });
});

describe("parseLease()", () => {
  const metadata = { name: NAME, resourceVersion: "1" };

  test.each<[string, unknown]>([
    ["nothing", undefined],
    ["a word", "lease"],
    ["another name", { metadata: { ...metadata, name: "x" } }],
    ["no version", { metadata: { name: NAME } }],
    ["an empty version", { metadata: { name: NAME, resourceVersion: "" } }],
    ["a negative count", { metadata, spec: { leaseTransitions: -1 } }],
    ["a duration in words", { metadata, spec: { leaseDurationSeconds: "15" } }],
  ])("refuses %s", (_name, object) => {
    expect(() => parseLease(NAME, object)).toThrow(`no Lease named "${NAME}"`);
  });

  test.each<[string, unknown]>([
    ["no spec", { metadata }],
    ["nulls", { metadata: { ...metadata, labels: null }, spec: { holderIdentity: null } }],
    ["a time that is none", { metadata, spec: { acquireTime: "yesterday" } }],
  ])("takes %s for nobody's", (_name, object) => {
    expect(parseLease(NAME, object)).toMatchObject({
      holder: "",
      durationSeconds: 0,
      transitions: 0,
      acquiredAtMs: undefined,
    });
  });
});
