/** Pods of every shape for property tests, as arbitraries of fast-check. */
import * as fc from "fast-check";
import type { Json } from "./review.ts";

const text = fc.string({ maxLength: 8 });
const portName = fc.constantFrom("metrics", "http", "https", "web", "admin");
/** Near the borders of the rules, and anything else. */
const port = fc.oneof(
  fc.constantFrom(1, 80, 5000, 5020, 8080, 9090, 15_020, 19_090, 55_535, 55_536, 65_535),
  fc.integer({ min: 1, max: 65_535 }),
);
const quantity = fc.constantFrom("1", "1000m", "100m", "0.5", "64Mi", "1Gi", "1e3", "0");

/** Drops what is undefined, as JSON does. */
function object(fields: Record<string, fc.Arbitrary<unknown>>, required: string[] = []) {
  return fc.record(fields, { requiredKeys: required }) as fc.Arbitrary<Json>;
}

const ports = fc.array(
  object(
    {
      name: portName,
      containerPort: port,
      hostPort: port,
      protocol: fc.constantFrom("TCP", "UDP", "SCTP"),
    },
    ["containerPort"],
  ),
  { maxLength: 4 },
);

const reference = fc.oneof(port, portName);
const action = fc.oneof(
  object({ httpGet: object({ path: text, port: reference }, ["port"]) }, ["httpGet"]),
  object({ tcpSocket: object({ port: reference }, ["port"]) }, ["tcpSocket"]),
  object({ exec: object({ command: fc.array(text, { maxLength: 3 }) }) }, ["exec"]),
);
const hook = fc.oneof(
  action,
  object({ sleep: object({ seconds: fc.integer({ min: 0, max: 60 }) }, ["seconds"]) }, ["sleep"]),
);
const quantities = object({ cpu: quantity, memory: quantity });
const resources = object({ requests: quantities, limits: quantities });

function container(name: fc.Arbitrary<string>, more: Record<string, fc.Arbitrary<unknown>> = {}) {
  return object(
    {
      name,
      image: fc.constant("i:1"),
      args: fc.oneof(
        fc.array(text, { maxLength: 3 }),
        fc.constant(["-d", "15090,15021"]),
        fc.constant(["--inbound-ports-to-ignore", "4190,4191"]),
      ),
      env: fc.array(object({ name: fc.constantFrom("A", "B"), value: text }, ["name"]), {
        maxLength: 2,
      }),
      ports,
      resources,
      lifecycle: object({ postStart: hook, preStop: hook }),
      livenessProbe: action,
      readinessProbe: action,
      startupProbe: action,
      volumeMounts: fc.constant([{ name: "v", mountPath: "/v" }]),
      ...more,
    },
    ["name"],
  );
}

/** Names are unique in a pod; the API server sees to that. */
function uniquely(containers: fc.Arbitrary<Json>, prefix: string, minLength: number) {
  return fc
    .array(containers, { minLength, maxLength: 4 })
    .map((list) =>
      list.map((one, i) => (one.name === "" ? { ...one, name: `${prefix}-${i}` } : one)),
    )
    .map((list) => list.filter(({ name }, i) => list.findIndex((one) => one.name === name) === i));
}

const annotations = fc
  .dictionary(
    fc.oneof(
      fc.constantFrom(
        "prometheus.io/scrape",
        "prometheus.io/port",
        "prometheus.io/path",
        "prometheus.io/scheme",
        "prometheus.io/param_module",
        "prometheus.io/original-port",
        "prometheus.io/wait-status",
        "prometheus.io/wait-port-name",
        "prometheus.io/wait-prestop",
        "prometheus.io/wait-scrape-interval-seconds",
        "prometheus.io/wait-memory-limit",
        "traffic.sidecar.istio.io/excludeInboundPorts",
        "config.linkerd.io/skip-inbound-ports",
        "a~/b~1c",
        "__proto__x",
      ),
      text,
    ),
    fc.oneof(
      fc.constantFrom("true", "false", "8080", "65535", "15020", "/stats/prometheus", "https"),
      fc.constantFrom("metrics", "http", "15", "64Mi", '{"originalPort":1,"proxyPort":8080}'),
      text,
    ),
    { maxKeys: 8 },
  )
  .map((all) => ({ ...all, "prometheus.io/wait": "true" }));

/** A pod that has opted in and that the API server would hand to a webhook. */
export const anyPod: fc.Arbitrary<Json> = fc
  .record({
    annotations,
    labels: fc.option(fc.dictionary(text, text, { maxKeys: 3 }), { nil: undefined }),
    containers: uniquely(
      container(fc.constantFrom("", "", "", "istio-proxy", "daprd", "shop")),
      "c",
      1,
    ),
    initContainers: fc.option(
      uniquely(
        container(fc.constantFrom("", "istio-init", "linkerd-init"), {
          restartPolicy: fc.constant("Always"),
        }),
        "i",
        0,
      ),
      { nil: undefined },
    ),
    spec: object({
      terminationGracePeriodSeconds: fc.integer({ min: 0, max: 1000 }),
      restartPolicy: fc.constantFrom("Always", "OnFailure", "Never"),
      hostNetwork: fc.boolean(),
      os: fc.constant({ name: "linux" }),
      nodeSelector: fc.constant({ a: "b" }),
      resources,
      volumes: fc.constant([{ name: "v", emptyDir: {} }]),
    }),
  })
  .map(({ annotations: all, labels, containers, initContainers, spec }) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { generateName: "p-", annotations: all, ...(labels && { labels }) },
    spec: { ...spec, containers, ...(initContainers && { initContainers }) },
  }));

/** A change somewhere in a JSON document: which value, counted through it, and what becomes of it. */
export const anyMutation = fc.record({
  at: fc.nat(),
  to: fc.oneof(
    fc.constantFrom(undefined, null, "", 0, -1, 1e308, true, [], {}, [[]], [null], "true", "Pod"),
    fc.jsonValue({ maxDepth: 2 }),
    fc.constant("x".repeat(5000)),
  ),
});

/** The document with one value replaced, or removed where `to` is undefined. */
export function mutate(document: Json, { at, to }: { at: number; to?: unknown }): Json {
  const copy = structuredClone(document);
  const places: [Record<string, unknown>, string][] = [];
  const walk = (value: unknown) => {
    if (typeof value !== "object" || value === null) return;
    for (const key of Object.keys(value)) {
      places.push([value as Record<string, unknown>, key]);
      walk((value as Record<string, unknown>)[key]);
    }
  };
  walk(copy);
  const [parent, key = ""] = places[at % places.length] ?? [];
  if (parent === undefined) return copy;
  if (to === undefined) delete parent[key];
  else parent[key] = to;
  return copy;
}
