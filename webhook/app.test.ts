import { describe, expect, test } from "bun:test";
import { createLogger, type LogLevel } from "../shared/log.ts";
import { createRegistry } from "../shared/metrics.ts";
import { describeContract } from "../shared/testing/contract.ts";
import { createHealthApp, createMetricsApp, createWebhookApp } from "./app.ts";
import { MAX_BODY_BYTES } from "./body.ts";
import { createAdmissionMetrics } from "./metrics.ts";
import type { Policy } from "./plan.ts";
import type { ServiceFacts } from "./port-name.ts";
import { createTestPolicy } from "./testing/policy.ts";
import { createPod, createReview, type Json } from "./testing/review.ts";

const build = { version: "1", revision: "r", bun: "b" };

describeContract("the metrics app", {
  metricsPath: "/metrics",
  createApp: (readiness) => createMetricsApp(createRegistry("webhook", build), readiness),
});
describeContract("the probe app", { createApp: createHealthApp });

interface Start {
  readonly policy?: Partial<Policy>;
  readonly level?: LogLevel;
  readonly findServices?: (namespace: string) => Promise<readonly ServiceFacts[]>;
}

function start({ policy = {}, level = "debug", ...more }: Start = {}) {
  const registry = createRegistry("webhook", build);
  const lines: Json[] = [];
  const write = (line: string) => lines.push(JSON.parse(line) as Json);
  const log = createLogger({ level, format: "json", write });
  const count = createAdmissionMetrics(registry);
  const app = createWebhookApp({
    policy: () => createTestPolicy({ policy }),
    createToken: () => "token",
    count,
    log,
    ...more,
  });
  const post = (body: RequestInit["body"], headers: Record<string, string> = {}) =>
    app.request("/mutate?timeout=5s", { method: "POST", body: body ?? null, headers });
  const review = async (object: unknown, request: Json = {}) => {
    const answer = await post(JSON.stringify(createReview(object, request)));
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toStartWith("application/json");
    return (await answer.json()) as { apiVersion: string; kind: string; response: Json };
  };
  /** The counters that are not zero, and how many durations were observed. */
  const counted = async () => {
    const page = await registry.metrics();
    const series = [...page.matchAll(/^webhook_admissions_total\{(.+)\} ([1-9]\d*)$/gm)];
    const seen = /^webhook_admission_duration_seconds_count (\d+)$/m.exec(page)?.[1];
    return { counters: series.map(([, labels, n]) => `${labels} ${n}`), durations: Number(seen) };
  };
  return { app, post, review, counted, lines };
}

describe("POST /mutate answers a review", () => {
  test("of a pod that opted in with a patch, one log line and one count", async () => {
    const { review, counted, lines } = start({ policy: { native: true }, level: "info" });
    const { apiVersion, kind, response } = await review(createPod());
    expect({ apiVersion, kind }).toEqual({
      apiVersion: "admission.k8s.io/v1",
      kind: "AdmissionReview",
    });
    expect(response).toMatchObject({
      uid: "0df28fbd-5f5f-11e8-bc74-36e6bb280816",
      allowed: true,
      patchType: "JSONPatch",
    });
    const patch: unknown = JSON.parse(Buffer.from(String(response.patch), "base64").toString());
    expect(patch).toMatchObject([
      { op: "add", path: "/metadata/annotations/prometheus.io~1port", value: "19090" },
      { op: "add", path: "/metadata/annotations/prometheus.io~1original-port", value: "9090" },
      { path: "/metadata/annotations/prometheus.io~1wait-status" },
      { path: "/metadata/annotations/traffic.sidecar.istio.io~1excludeInboundPorts" },
      { path: "/metadata/annotations/config.linkerd.io~1skip-inbound-ports" },
      { op: "add", path: "/spec/terminationGracePeriodSeconds", value: 95 },
      { path: "/spec/containers/0/lifecycle" },
      {
        op: "add",
        path: "/spec/initContainers",
        value: [{ restartPolicy: "Always", image: "proxy:1" }],
      },
    ]);
    expect(response.warnings).toEqual([expect.stringContaining("prometheus.io/scrape")]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      level: "INFO",
      namespace: "shop",
      pod: "shop-7d4b9-",
      original_port: 9090,
      proxy_port: 19_090,
      mode: "native",
      dry_run: false,
    });
    expect(await counted()).toEqual({
      counters: ['outcome="injected",reason="opted_in" 1'],
      durations: 1,
    });
  });

  test("of a pod that another webhook has changed since with a repair, one log line and a count of its own", async () => {
    const status = JSON.stringify({ originalPort: 9090, proxyPort: 19_090, path: "/metrics" });
    const own = { "prometheus.io/wait": "true", "prometheus.io/wait-status": status };
    const annotations = { ...own, "prometheus.io/port": "9090" };
    const ports = [{ containerPort: 19_090 }];
    const spec = { containers: [{ name: "a" }, { name: "prometheus-metrics-proxy", ports }] };
    const { review, counted, lines } = start({ level: "info" });
    const { response } = await review(createPod({ annotations, spec }));
    expect(JSON.parse(Buffer.from(String(response.patch), "base64").toString())).toEqual([
      { op: "add", path: "/metadata/annotations/prometheus.io~1port", value: "19090" },
    ]);
    const detail = expect.stringContaining('prometheus.io/port "9090" becomes "19090" again');
    expect(response).toMatchObject({ allowed: true, patchType: "JSONPatch", warnings: [detail] });
    expect(lines).toMatchObject([{ level: "INFO", namespace: "shop", pod: "shop-7d4b9-", detail }]);
    expect((await counted()).counters).toEqual(['outcome="injected",reason="repaired" 1']);
  });

  test("of a dry run alike", async () => {
    const { review, lines } = start();
    const { response } = await review(createPod(), { dryRun: true });
    expect(response.patchType).toBe("JSONPatch");
    expect(lines[0]).toMatchObject({ msg: "Injected", dry_run: true });
  });

  test("of a pod with a mistaken opt-in with a warning and no patch", async () => {
    const { review, counted } = start();
    const { response } = await review(createPod({ annotations: { "prometheus.io/wait": "on" } }));
    const text = 'annotation prometheus.io/wait is "on"; only "true" injects the metrics proxy';
    expect(response).toEqual({
      uid: expect.any(String),
      allowed: true,
      status: { code: 200, message: text },
      warnings: [text],
    });
    expect((await counted()).counters).toEqual(['outcome="skipped",reason="unknown_opt_in" 1']);
  });

  test.each<[string, Json, string]>([
    ["an update", { operation: "UPDATE" }, "not_create"],
    ["a deletion without an object", { operation: "DELETE", object: null }, "not_create"],
    ["a pod that was not asked for", { object: createPod({ annotations: null }) }, "not_opted_in"],
  ])("of %s with a reason and no patch, logged at debug only", async (_name, request, reason) => {
    const { review, counted, lines } = start();
    const { response } = await review(createPod(), request);
    expect(response).toMatchObject({ allowed: true, status: { code: 200 } });
    expect(response).not.toHaveProperty("patch");
    expect(lines).toMatchObject([{ level: "DEBUG", reason }]);
    expect((await counted()).counters).toEqual([`outcome="skipped",reason="${reason}" 1`]);
  });

  test.each<[string, unknown, string]>([
    [
      "a port that is none",
      createPod({ annotations: { "prometheus.io/wait": "true", "prometheus.io/port": "70000" } }),
      "invalid_annotation",
    ],
    ["a spec that is a text", { ...createPod(), spec: "x" }, "invalid_pod"],
    ["no object", undefined, "invalid_pod"],
  ])("of a pod with %s with a denial", async (_name, object, reason) => {
    const { review, counted, lines } = start();
    const { response } = await review(object);
    expect(response).toEqual({
      uid: expect.any(String),
      allowed: false,
      status: { code: 422, reason: "Invalid", message: expect.any(String) },
    });
    expect(lines).toMatchObject([{ level: "WARN", msg: "Denied", reason }]);
    expect((await counted()).counters).toEqual([`outcome="denied",reason="${reason}" 1`]);
  });

  test("without ever logging what else is in the pod", async () => {
    const { review, lines } = start();
    const containers = [{ name: "a", env: [{ name: "TOKEN", value: "hunter2" }] }];
    await review(createPod({ spec: { containers } }));
    await review(createPod({ spec: { containers, initContainers: "hunter2" } }));
    expect(JSON.stringify(lines)).not.toContain("hunter2");
  });
});

describe("POST /mutate looks up the Services of the namespace", () => {
  const named = (annotations: Json) => {
    const ports = [{ name: "metrics", containerPort: 9090 }];
    const all = { "prometheus.io/wait": "true", ...annotations };
    return createPod({ annotations: all, spec: { containers: [{ name: "a", ports }] } });
  };
  const service: ServiceFacts = {
    name: "shop",
    selector: { app: "shop" },
    type: "ClusterIP",
    ports: [{ port: 80, targetPort: "metrics" }],
  };

  test("where a port's name is to move, and leaves it where one sends users there", async () => {
    const asked: string[] = [];
    const { review } = start({
      findServices: (namespace) => {
        asked.push(namespace);
        return Promise.resolve([service]);
      },
    });
    await review(named({}));
    expect(asked).toEqual([]);
    const { response } = await review(named({ "prometheus.io/wait-port-name": "metrics" }));
    expect(asked).toEqual(["shop"]);
    expect(response.warnings).toEqual([expect.stringContaining('Service "shop"')]);
  });

  test("and leaves it where it is, with a warning, where the API server does not answer", async () => {
    const { review, lines } = start({ findServices: () => Promise.reject(new Error("timeout")) });
    const { response } = await review(named({ "prometheus.io/wait-port-name": "metrics" }));
    expect(response).toMatchObject({ allowed: true, patchType: "JSONPatch" });
    expect(response.warnings).toEqual([expect.stringContaining("could not be looked up")]);
    const patch = Buffer.from(String(response.patch), "base64").toString();
    expect(patch).not.toContain('"op":"remove"');
    expect(lines[0]).toMatchObject({ level: "WARN", namespace: "shop", error: "timeout" });
  });
});

test("POST /mutate never gives a warning that the API server would cut", async () => {
  const { review } = start();
  const name = "a".repeat(63);
  const containers = [{ name, lifecycle: { preStop: { exec: { command: ["x"] } } } }];
  const { response } = await review(createPod({ spec: { containers } }));
  const warnings = response.warnings as string[];
  expect(warnings).toHaveLength(2);
  for (const warning of warnings) expect(warning.length).toBeLessThanOrEqual(256);
});

describe("POST /mutate rejects", () => {
  const good = createReview(createPod());
  const without = (key: string) => ({
    ...good,
    request: { ...(good.request as Json), [key]: undefined },
  });
  const withUid = (uid: unknown) => createReview(createPod(), { uid });

  test.each<[string, RequestInit["body"], string, string]>([
    ["nothing", null, "not_json", "not JSON"],
    ["a text", "hello", "not_json", "not JSON"],
    ["half a review", JSON.stringify(good).slice(0, 500), "not_json", "not JSON"],
    ["bytes that are not UTF-8", new Uint8Array([0x22, 0xff, 0x22]), "not_json", "UTF-8"],
    ["brackets without end", "[".repeat(1_000_000), "not_json", "not JSON"],
    ["null", "null", "not_a_review", "expected object"],
    ["a list", "[]", "not_a_review", "expected object"],
    ["an empty object", "{}", "not_a_review", "apiVersion"],
    ["a pod", JSON.stringify(createPod()), "not_a_review", "kind"],
    [
      "v1beta1",
      JSON.stringify({ ...good, apiVersion: "admission.k8s.io/v1beta1" }),
      "unsupported_version",
      'admissionReviewVersions to ["v1"]',
    ],
    [
      "a review without a request",
      JSON.stringify({ ...good, request: null }),
      "invalid_review",
      "request: expected object",
    ],
    ["a review without a uid", JSON.stringify(without("uid")), "invalid_review", "request.uid"],
    ["an empty uid", JSON.stringify(withUid("")), "invalid_review", "request.uid"],
    ["a uid of a wrong type", JSON.stringify(withUid(7)), "invalid_review", "request.uid"],
    ["no operation", JSON.stringify(without("operation")), "invalid_review", "request.operation"],
    ["no kind", JSON.stringify(without("kind")), "invalid_review", "request.kind"],
    [
      "a dryRun that is a text",
      JSON.stringify(createReview(null, { dryRun: "no" })),
      "invalid_review",
      "request.dryRun",
    ],
  ])("%s with 400 and a reason", async (_name, body, reason, text) => {
    const { post, counted, lines } = start();
    const answer = await post(body);
    expect(answer.status).toBe(400);
    expect(answer.headers.get("content-type")).toStartWith("text/plain");
    expect(await answer.text()).toContain(text);
    expect(lines).toMatchObject([{ level: "WARN", reason }]);
    expect(await counted()).toEqual({
      counters: [`outcome="rejected",reason="${reason}" 1`],
      durations: 1,
    });
  });

  test("a body over the limit with 413, announced or not, and takes one at the limit", async () => {
    const { post, counted } = start();
    const limit = " ".repeat(MAX_BODY_BYTES - JSON.stringify(good).length) + JSON.stringify(good);
    expect((await post(limit)).status).toBe(200);
    expect((await post(`${limit} `)).status).toBe(413);
    expect((await post("{}", { "content-length": String(MAX_BODY_BYTES + 1) })).status).toBe(413);
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(1_000_000)),
    });
    const answer = await post(endless);
    expect(answer.status).toBe(413);
    expect(await answer.text()).toBe("the body is larger than 7340032 bytes\n");
    expect((await counted()).counters).toContain('outcome="rejected",reason="body_too_large" 3');
  });

  test("a body that breaks off with 400", async () => {
    const { post, counted } = start();
    const broken = new ReadableStream({
      pull: (controller) => controller.error(new Error("gone")),
    });
    expect((await post(broken)).status).toBe(400);
    expect((await counted()).counters).toEqual(['outcome="rejected",reason="body_incomplete" 1']);
  });
});

test("other methods are 405, other paths 404, and neither is counted", async () => {
  const { app, counted } = start();
  for (const method of ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"]) {
    const answer = await app.request("/mutate", { method });
    expect(answer.status).toBe(405);
    expect(answer.headers.get("allow")).toBe("POST");
  }
  for (const path of ["/", "/mutate/", "/metrics", "/healthz"]) {
    expect((await app.request(path, { method: "POST" })).status).toBe(404);
  }
  expect(await counted()).toEqual({ counters: [], durations: 0 });
});

test("a fault of our own is a 500 that says nothing, logged as an error and counted", async () => {
  const registry = createRegistry("webhook", build);
  const write = (line: string) => lines.push(line);
  const lines: string[] = [];
  const log = createLogger({ level: "info", format: "json", write });
  const app = createWebhookApp({
    policy: () => {
      throw new Error("a fault");
    },
    createToken: () => "token",
    count: createAdmissionMetrics(registry),
    log,
  });
  const body = JSON.stringify(createReview(createPod()));
  const answer = await app.request("/mutate", { method: "POST", body });
  expect(answer.status).toBe(500);
  expect(await answer.text()).toBe("internal error\n");
  expect(lines).toEqual([expect.stringContaining("a fault")]);
  expect(await registry.metrics()).toContain('{outcome="error",reason="internal"} 1');
});
