/** Properties of every admission, over tens of thousands of pods and mutated reviews. */
import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { Pod } from "kubernetes-models/v1/Pod";
import { createLogger } from "../shared/log.ts";
import { createWebhookApp } from "./app.ts";
import { parseQuantity } from "./quantity.ts";
import { applyPatch } from "./testing/apply.ts";
import { anyMutation, anyPod, mutate } from "./testing/pods.ts";
import { createTestPolicy, decideFor, type Given, patchFor } from "./testing/policy.ts";
import { createReview, type Json } from "./testing/review.ts";

/** Throws where the schema of Kubernetes does not accept a pod. */
function validate(pod: Json): void {
  new Pod(pod).validate();
}

const anyGiven: fc.Arbitrary<Given> = fc
  .record({
    native: fc.boolean(),
    onInvalid: fc.constantFrom("deny", "warn"),
    scrapeIntervalSeconds: fc.integer({ min: 1, max: 3600 }),
    maxGracePeriodSeconds: fc.integer({ min: 1, max: 86_400 }),
  } as const)
  .map((policy) => ({ policy }));

const SIDECAR = "prometheus-metrics-proxy";

type Container = { readonly name: string; readonly ports?: Json[]; readonly resources?: Json };
type Spec = Readonly<Record<"containers" | "initContainers", readonly Container[] | undefined>> & {
  readonly terminationGracePeriodSeconds?: number;
};

const specOf = (pod: Json) => pod.spec as Spec;
const all = (spec: Spec) => [...(spec.containers ?? []), ...(spec.initContainers ?? [])];

/** One value that differs between two documents; `undefined` where it is absent. */
interface Difference {
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

function differences(before: unknown, after: unknown, path = ""): Difference[] {
  const objects = [before, after].every((one) => typeof one === "object" && one !== null);
  if (!objects) return Object.is(before, after) ? [] : [{ path, before, after }];
  const [a, b] = [before, after] as [Json, Json];
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].flatMap((key) => differences(a[key], b[key], `${path}/${key}`));
}

/** The injected pod without its sidecar, so that places are comparable. */
function withoutSidecar(injected: Json): Json {
  const copy = structuredClone(injected) as { spec: Record<string, unknown> };
  for (const list of ["containers", "initContainers"] as const) {
    const kept = specOf(injected)[list]?.filter(({ name }) => name !== SIDECAR);
    if (kept?.length) copy.spec[list] = kept;
    else delete copy.spec[list];
  }
  return copy;
}

const ANNOTATION =
  /^\/metadata\/annotations\/(?:prometheus\.io\/(?:port|path|scheme|original-port|wait-status)|prometheus\.istio\.io\/merge-metrics|traffic\.sidecar\.istio\.io\/excludeInboundPorts|config\.linkerd\.io\/skip-inbound-ports)$/;

/** Whether the webhook may have made a difference: everything else is a fault. */
function isMeant({ path, before, after }: Difference, pod: Json): boolean {
  const moved = ((pod.metadata as Json).annotations as Json)["prometheus.io/wait-port-name"];
  if (ANNOTATION.test(path)) return after !== undefined;
  if (path === "/spec/terminationGracePeriodSeconds") return Number(after) > Number(before ?? 30);
  if (path === "/spec/initContainers") return isEmptyList(before) && after === undefined;
  if (/\/ports\/\d+\/name$/.test(path)) return before === moved && after === undefined;
  if (/\/(?:httpGet|tcpSocket)\/port$/.test(path)) {
    return before === moved && typeof after === "number";
  }
  if (/^\/spec\/initContainers\/\d+\/args\/1$/.test(path))
    return String(after).startsWith(`${String(before)},`);
  if (!/^\/spec\/containers\/\d+\/lifecycle(?:\/preStop)?$/.test(path)) return false;
  return before === undefined && JSON.stringify(after).includes('"/-/prestop"');
}

const isEmptyList = (value: unknown) => Array.isArray(value) && value.length === 0;

describe("every pod that opts in", () => {
  test("is injected into a pod that has all it had and that Kubernetes accepts, once and never twice", () => {
    let injected = 0;
    const property = fc.property(anyPod, anyGiven, (pod, given) => {
      validate(pod);
      const patch = patchFor(pod, given);
      if (patch.length === 0) return;
      injected += 1;
      const result = applyPatch(pod, patch);
      validate(result);
      const found = differences(pod, withoutSidecar(result));
      expect(found.filter((one) => !isMeant(one, pod))).toEqual([]);
      const [sidecar, ...others] = all(specOf(result)).filter(({ name }) => name === SIDECAR);
      expect([sidecar?.name, others.length]).toEqual([SIDECAR, 0]);
      expect(all(specOf(result))).toHaveLength(all(specOf(pod)).length + 1);
      expect(decideFor(result, given)).toMatchObject({ kind: "skip", reason: "already_injected" });
      const moved = structuredClone(result) as {
        metadata: { annotations: Record<string, string> };
      };
      moved.metadata.annotations["prometheus.io/port"] = "1";
      expect(applyPatch({ ...moved }, patchFor(moved, given))).toEqual(result);
    });
    fc.assert(property, { numRuns: 10_000 });
    expect(injected).toBeGreaterThan(1000);
  });

  test("gets a port of its own, no less time, requests within limits and at most one new name", () => {
    const property = fc.property(anyPod, anyGiven, (pod, given) => {
      const patch = patchFor(pod, given);
      if (patch.length === 0) return;
      const result = applyPatch(pod, patch);
      const [before, after] = [specOf(pod), specOf(result)];
      const sidecar = all(after).find(({ name }) => name === SIDECAR);
      const own = sidecar?.ports?.[0]?.containerPort;
      const taken = all(before).flatMap(({ ports = [] }) => ports.map((one) => one.containerPort));
      expect(taken).not.toContain(own);
      const grace = after.terminationGracePeriodSeconds ?? 30;
      expect(grace).toBeGreaterThanOrEqual(before.terminationGracePeriodSeconds ?? 30);
      const { requests, limits } = (sidecar?.resources ?? {}) as Record<string, Json | undefined>;
      for (const what of ["cpu", "memory"]) {
        const [request, limit] = [requests?.[what], limits?.[what]] as (string | undefined)[];
        if (limit === undefined) continue;
        expect(Number(parseQuantity(request))).toBeLessThanOrEqual(Number(parseQuantity(limit)));
      }
    });
    fc.assert(property, { numRuns: 5000 });
  });
});

/** The app with nothing on stderr; answers what the API server would get. */
function startApp() {
  const outcomes = new Map<string, number>();
  const log = createLogger({ level: "error", format: "json", write: (line) => lines.push(line) });
  const lines: string[] = [];
  const app = createWebhookApp({
    policy: () => createTestPolicy({ policy: { native: true } }),
    createToken: () => "token",
    count: ({ outcome }) => outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1),
    log,
  });
  const post = (body: string | Uint8Array<ArrayBuffer>) =>
    app.request("/mutate", { method: "POST", body });
  return { post, outcomes, lines };
}

type Post = ReturnType<typeof startApp>["post"];

async function expectWellFormed(post: Post, body: string): Promise<void> {
  const answer = await post(body);
  if (answer.status !== 200) {
    expect([400, 413]).toContain(answer.status);
    expect(await answer.text()).toMatch(/^[^\n]+\n$/);
    return;
  }
  const review = (await answer.json()) as { response: Json; kind: string; apiVersion: string };
  const { uid, allowed, patch, patchType, warnings = [] } = review.response;
  expect([review.kind, review.apiVersion]).toEqual(["AdmissionReview", "admission.k8s.io/v1"]);
  const { request } = JSON.parse(body) as { request: Json };
  expect(uid).toBe(request.uid as string);
  expect(typeof allowed).toBe("boolean");
  expect((warnings as string[]).every((one) => one.length <= 256 && !one.includes("\n"))).toBe(
    true,
  );
  if (patch === undefined) return;
  expect([allowed, patchType]).toEqual([true, "JSONPatch"]);
  const operations = JSON.parse(Buffer.from(patch as string, "base64").toString()) as never;
  applyPatch(request.object as Json, operations);
}

describe("every request to /mutate is answered, never by a 5xx, and every patch applies,", () => {
  test("for reviews with up to four values changed", async () => {
    const { post, outcomes, lines } = startApp();
    const mutations = fc.array(anyMutation, { maxLength: 4 });
    const property = fc.asyncProperty(anyPod, mutations, async (pod, changes) => {
      const review = changes.reduce((one, change) => mutate(one, change), createReview(pod));
      await expectWellFormed(post, JSON.stringify(review));
    });
    await fc.assert(property, { numRuns: 20_000 });
    expect(lines).toEqual([]);
    for (const outcome of ["injected", "skipped", "denied", "rejected"]) {
      expect(outcomes.get(outcome)).toBeGreaterThan(100);
    }
  });

  test("for reviews with bytes cut out, doubled or changed", async () => {
    const { post, lines } = startApp();
    const cut = fc.record({
      from: fc.nat(),
      length: fc.nat(40),
      by: fc.uint8Array({ maxLength: 8 }),
    });
    const property = fc.asyncProperty(anyPod, cut, async (pod, { from, length, by }) => {
      const bytes = Buffer.from(JSON.stringify(createReview(pod)));
      const at = from % bytes.length;
      const body = Buffer.concat([bytes.subarray(0, at), by, bytes.subarray(at + length)]);
      const { status } = await post(new Uint8Array(body));
      expect([200, 400]).toContain(status);
    });
    await fc.assert(property, { numRuns: 10_000 });
    expect(lines).toEqual([]);
  });

  test("for anything that is JSON", async () => {
    const { post, lines } = startApp();
    const property = fc.asyncProperty(fc.json(), async (body) => {
      expect((await post(body)).status).toBe(400);
    });
    await fc.assert(property, { numRuns: 2000 });
    expect(lines).toEqual([]);
  });
});
