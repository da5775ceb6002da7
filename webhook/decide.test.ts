import { describe, expect, test } from "bun:test";
import { TABLE } from "./rules.ts";
import { decideFor, type Given, planFor } from "./testing/policy.ts";
import { createPod, type Json } from "./testing/review.ts";

const WAIT = "prometheus.io/wait";
const PORT = "prometheus.io/port";
const SCRAPE = { "prometheus.io/scrape": "true" };

function annotated(annotations: unknown, spec: Json = {}): Json {
  return createPod({ annotations, spec });
}

/** A pod that opts in, is scraped, and says this besides. */
function waiting(annotations: Json = {}, spec: Json = {}): Json {
  return annotated({ [WAIT]: "true", ...SCRAPE, ...annotations }, spec);
}

const ports = (...numbers: number[]) => numbers.map((containerPort) => ({ containerPort }));

describe("decide() leaves alone", () => {
  test.each<[string, Json, string]>([
    ["an update", { operation: "UPDATE" }, "not_create"],
    ["a deletion", { operation: "DELETE", object: null }, "not_create"],
    ["a connection", { operation: "CONNECT" }, "not_create"],
    ["a subresource", { subResource: "status" }, "subresource"],
    ["an eviction", { kind: { group: "policy", kind: "Eviction" } }, "not_a_pod"],
    ["another kind", { kind: { group: "apps", kind: "Deployment" } }, "not_a_pod"],
    ["a Pod of another group", { kind: { group: "example.com", kind: "Pod" } }, "not_a_pod"],
  ])("%s", (_name, request, reason) => {
    const decision = decideFor(createPod(), { request });
    expect(decision).toMatchObject({ kind: "skip", reason, warnings: [] });
  });

  test.each<[unknown, string]>([
    [null, "not_opted_in"],
    [{}, "not_opted_in"],
    [{ [PORT]: "abc" }, "not_opted_in"],
    [{ [WAIT]: "false", [PORT]: "abc" }, "opted_out"],
    [{ [WAIT]: "true", "kubernetes.io/config.mirror": "abc" }, "mirror_pod"],
  ])("a pod annotated %p, without a warning", (annotations, reason) => {
    expect(decideFor(annotated(annotations))).toMatchObject({ kind: "skip", reason, warnings: [] });
  });

  test("a pod without annotations, whatever its spec", () => {
    const pod = { metadata: {}, spec: "nonsense" };
    expect(decideFor(pod)).toMatchObject({ kind: "skip", reason: "not_opted_in" });
  });

  test.each(["True", "yes", "1", "", " true", "x".repeat(5000), "a\nb"])(
    "a pod that waits %p, with a warning that names the value and fits a header",
    (value) => {
      const decision = decideFor(annotated({ [WAIT]: value }));
      if (decision.kind !== "skip") throw new TypeError("Expected a skip");
      expect(decision.reason).toBe("unknown_opt_in");
      const [warning = ""] = decision.warnings;
      expect(warning).toContain(
        `annotation ${WAIT} is ${JSON.stringify(value.slice(0, 50)).slice(0, -1)}`,
      );
      expect(warning.length).toBeLessThan(200);
      expect(warning).not.toContain("\n");
    },
  );

  test.each(["containers", "initContainers"])("a pod that has the proxy among its %s", (list) => {
    const spec = { [list]: [{ name: "prometheus-metrics-proxy" }] };
    const decision = decideFor(annotated({ [WAIT]: "true", [PORT]: "abc" }, spec));
    expect(decision).toMatchObject({ kind: "skip", reason: "already_injected", warnings: [] });
  });

  test.each<[string, Json, Given, string, string]>([
    [
      "of kube-system",
      {},
      { request: { namespace: "kube-system" } },
      "excluded_namespace",
      '"kube-system"',
    ],
    ["on the node's network", { hostNetwork: true }, {}, "host_network", "hostNetwork"],
    ["that says Windows", { os: { name: "windows" } }, {}, "windows", "Windows"],
    [
      "that selects Windows",
      { nodeSelector: { "kubernetes.io/os": "windows" } },
      {},
      "windows",
      "Windows",
    ],
    [
      "of a Job, with regular sidecars",
      { restartPolicy: "Never" },
      {},
      "needs_native",
      'restartPolicy "Never"',
    ],
  ])("a pod %s, with a warning that says why", (_name, spec, given, reason, text) => {
    const decision = decideFor(waiting({}, spec), given);
    if (decision.kind !== "skip") throw new TypeError("Expected a skip");
    expect(decision.reason as string).toBe(reason);
    expect(decision.warnings).toEqual([expect.stringContaining(text)]);
    expect(decision.warnings).toEqual([decision.message]);
  });
});

describe("decide() chooses the proxy's port", () => {
  test.each<[string | undefined, number, number]>([
    [undefined, 9090, 19_090],
    ["8080", 8080, 18_080],
    ["1", 1, 10_001],
    ["55535", 55_535, 65_535],
    ["55536", 55_536, 19_090],
    ["65535", 65_535, 19_090],
    ["19090", 19_090, 29_090],
    ["09090", 9090, 19_090],
    // 15000, 15020 and 15090 are Istio's, 50001 is Dapr's.
    ["5000", 5000, 19_090],
    ["5020", 5020, 19_090],
    ["5090", 5090, 19_090],
    ["40001", 40_001, 19_090],
  ])("for %p: original %p, proxy %p", (value, original, proxy) => {
    const plan = planFor(waiting(value === undefined ? {} : { [PORT]: value }));
    expect([plan.origin.port, plan.proxyPort]).toEqual([original, proxy]);
  });

  test("around what the pod declares, probes and calls in hooks, init containers included", () => {
    const spec = {
      containers: [
        { name: "a", ports: ports(9090, 19_090), livenessProbe: { httpGet: { port: 19_092 } } },
        { name: "b", lifecycle: { postStart: { tcpSocket: { port: 19_093 } } } },
      ],
      initContainers: [{ name: "c", ports: ports(19_091) }],
    };
    expect(planFor(waiting({}, spec)).proxyPort).toBe(19_094);
    expect(planFor(waiting({ [PORT]: "60000" }, spec)).proxyPort).toBe(19_094);
    expect(planFor(waiting({ [PORT]: "8080" }, spec)).proxyPort).toBe(18_080);
  });
});

describe("decide() finds the application's page", () => {
  test("by path, scheme and parameters, encoded and sorted as Prometheus sends them", () => {
    const { origin } = planFor(
      waiting({
        "prometheus.io/path": "/actuator/prometheus",
        "prometheus.io/scheme": "https",
        "prometheus.io/param_module": "http 2xx~",
        "prometheus.io/param_a-b": "(*)",
        "prometheus.io/param_": "nothing",
      }),
    );
    expect(origin).toEqual({
      port: 9090,
      path: "/actuator/prometheus",
      scheme: "https",
      query: "a_b=%28%2A%29&module=http+2xx~",
      merged: false,
    });
  });

  const status = JSON.stringify({ originalPort: 8080, proxyPort: 18_080, originalScheme: "https" });

  test.each<[string, Json, number, string]>([
    ["that fits", { [PORT]: "18080", "prometheus.io/wait-status": status }, 8080, "https"],
    ["of another port", { [PORT]: "9000", "prometheus.io/wait-status": status }, 9000, "http"],
    ["of nonsense", { [PORT]: "18080", "prometheus.io/wait-status": "{" }, 18_080, "http"],
    ["of null", { [PORT]: "18080", "prometheus.io/wait-status": "null" }, 18_080, "http"],
  ])(
    "under annotations that an injection left without its container, by a status %s",
    (_name, annotations, port, scheme) => {
      expect(planFor(waiting(annotations)).origin).toMatchObject({ port, scheme });
    },
  );
});

describe("decide() raises the grace period", () => {
  test.each<[unknown, number, number, number]>([
    // own, interval, cap -> result
    [undefined, 60, 300, 95],
    [null, 60, 300, 95],
    [10, 60, 300, 95],
    [0, 60, 300, 95],
    [-5, 60, 300, 95],
    [120, 60, 300, 185],
    [120, 15, 300, 140],
    [280, 60, 300, 300],
    [300, 60, 300, 300],
    [600, 60, 300, 600],
    [undefined, 60, 10, 30],
    [30, 60, 40, 40],
    [45, 60, 40, 45],
  ])("of a pod with %p by an interval of %p s up to %p s: %p s", (own, interval, cap, expected) => {
    const policy = { scrapeIntervalSeconds: interval, maxGracePeriodSeconds: cap };
    const pod = waiting({}, { terminationGracePeriodSeconds: own });
    const plan = planFor(pod, { policy });
    expect(plan.gracePeriodSeconds).toBe(expected);
    const capped = expected < Math.max(Number(own ?? 0), 30) + interval;
    expect(plan.warnings.some((text) => text.includes("terminationGracePeriodSeconds"))).toBe(
      capped,
    );
  });

  test("by the interval that the annotation names", () => {
    const pod = waiting({ "prometheus.io/wait-scrape-interval-seconds": "15" });
    expect(planFor(pod)).toMatchObject({ gracePeriodSeconds: 50, scrapeIntervalSeconds: 15 });
  });
});

describe("decide() chooses regular or native", () => {
  test.each<[string, Json, boolean, boolean]>([
    ["an ordinary pod, native off", {}, false, false],
    ["an ordinary pod, native on", {}, true, true],
    ["a Job's pod, native on", { restartPolicy: "OnFailure" }, true, true],
    [
      "a native sidecar that serves the page itself, native off",
      { initContainers: [{ name: "x", restartPolicy: "Always", ports: ports(9090) }] },
      false,
      true,
    ],
    [
      "a Job whose native sidecar serves the page, native off",
      {
        restartPolicy: "Never",
        initContainers: [{ name: "x", restartPolicy: "Always", ports: ports(9090) }],
      },
      false,
      true,
    ],
    [
      "another injector's native sidecar that serves the page itself, native off",
      { initContainers: [{ name: "daprd", restartPolicy: "Always", ports: ports(9090) }] },
      false,
      true,
    ],
    [
      "a native sidecar with the port for UDP, native off",
      {
        initContainers: [
          {
            name: "x",
            restartPolicy: "Always",
            ports: [{ containerPort: 9090, protocol: "UDP" }],
          },
        ],
      },
      false,
      false,
    ],
    [
      "an init container that declares the port and ends, native off",
      { initContainers: [{ name: "x", ports: ports(9090) }] },
      false,
      false,
    ],
  ])("for %s", (_name, spec, native, expected) => {
    expect(planFor(waiting({}, spec), { policy: { native } }).native).toBe(expected);
  });

  test("and puts a native sidecar before one that serves the page, else last", () => {
    const server = { name: "x", restartPolicy: "Always", ports: ports(9090) };
    const initContainers = [{ name: "migrate" }, server, { name: "istio-proxy" }];
    const native = { policy: { native: true } };
    expect(planFor(waiting({}, { initContainers }), native).before).toBe(1);
    expect(planFor(waiting({ [PORT]: "8080" }, { initContainers }), native).before).toBeUndefined();
  });

  test("and has the page captured all the time where the application ends by itself", () => {
    const native = { policy: { native: true } };
    expect(planFor(waiting({}, { restartPolicy: "Never" }), native).endsByItself).toBe(true);
    expect(planFor(waiting({}, { restartPolicy: null }), native).endsByItself).toBe(false);
  });
});

describe("decide() warns", () => {
  test.each<[string, Json, Json, string | undefined]>([
    ["not of an ordinary pod", {}, {}, undefined],
    ["where nothing says scrape", { "prometheus.io/scrape": "false" }, {}, "prometheus.io/scrape"],
    [
      "not where a monitor finds the port by its name",
      { "prometheus.io/scrape": "no", "prometheus.io/wait-port-name": "m" },
      { containers: [{ name: "a", ports: [{ name: "m", containerPort: 9090 }] }] },
      undefined,
    ],
    [
      "of a hostPort on the metrics port",
      {},
      { containers: [{ name: "a", ports: [{ containerPort: 9090, hostPort: 9090 }] }] },
      "hostPort",
    ],
    [
      "not of a hostPort elsewhere",
      {},
      {
        containers: [
          { name: "a", ports: [{ containerPort: 9090 }, { containerPort: 80, hostPort: 80 }] },
        ],
      },
      undefined,
    ],
    [
      "of a port that is only guessed",
      {},
      { containers: [{ name: "a", ports: [{ containerPort: 8080 }] }] },
      "port 9090 is taken for the metrics",
    ],
    ["of https", { "prometheus.io/scheme": "https" }, {}, "scraped by http"],
    ["of too little memory", { "prometheus.io/wait-memory-limit": "48Mi" }, {}, "48Mi"],
  ])("%s", (_name, annotations, spec, text) => {
    const { warnings } = planFor(waiting(annotations, spec));
    expect(warnings).toEqual(text === undefined ? [] : [expect.stringContaining(text)]);
  });
});

describe("decide() refuses", () => {
  test.each(["abc", "0", "70000", "65536", "", "-1", "+9090", "90.5", " 9090", "metrics", "1e3"])(
    "the port %p, naming annotation, value and what is allowed",
    (value) => {
      expect(decideFor(waiting({ [PORT]: value }))).toEqual({
        kind: "deny",
        reason: "invalid_annotation",
        message: `annotation ${PORT} is ${JSON.stringify(value)}; it must be a port number from 1 to 65535`,
      });
    },
  );

  test.each<[string, string, string]>([
    ["path", "metrics", "a path that begins with /"],
    ["path", "/-/metrics", "a path that begins with /"],
    ["path", "/metrics?a=b", "a path that begins with /"],
    ["path", "/a,/b", "a path that begins with /"],
    ["path", "", "a path that begins with /"],
    ["scheme", "ftp", "http or https"],
    ["scheme", "HTTP", "http or https"],
    ["wait-scrape-interval-seconds", "15s", "a whole number of seconds from 1 to 3600"],
    ["wait-scrape-interval-seconds", "0", "a whole number of seconds from 1 to 3600"],
    ["wait-prestop", "no", '"true" or "false"'],
    ["wait-port-name", "Metrics", "a port's name"],
    ["wait-port-name", "nobody-has-it", "which a container of the pod declares once"],
    ["wait-image", "A B", "an image reference"],
    ["wait-image", "a//b..c", "an image reference"],
    ["path", "/métriques", "a path that begins with /"],
    ["wait-image-pull-policy", "always", "Always, IfNotPresent or Never"],
    ["wait-cpu-request", "ten", "a positive quantity"],
    ["wait-cpu-limit", "0", "a positive quantity"],
    ["wait-memory-request", "-1Mi", "a quantity of at least 4Mi"],
    ["wait-memory-request", "64m", "a quantity of at least 4Mi"],
    ["wait-memory-limit", "64MiB", "a quantity of at least 4Mi"],
    ["wait-log-level", "loud", "debug, info, warn or error"],
  ])("prometheus.io/%s: %p", (name, value, allowed) => {
    const decision = decideFor(waiting({ [`prometheus.io/${name}`]: value }));
    expect(decision).toMatchObject({ kind: "deny", reason: "invalid_annotation" });
    const text = `annotation prometheus.io/${name} is ${JSON.stringify(value)}; it must be `;
    expect(decision).toHaveProperty("message", expect.stringContaining(text));
    expect(decision).toHaveProperty("message", expect.stringContaining(allowed));
  });

  test("a request above its limit, where both are annotated", () => {
    const pod = waiting({
      "prometheus.io/wait-memory-request": "1Gi",
      "prometheus.io/wait-memory-limit": "512Mi",
    });
    expect(decideFor(pod)).toHaveProperty(
      "message",
      'annotation prometheus.io/wait-memory-request is "1Gi"; it must be at most prometheus.io/wait-memory-limit, which is "512Mi"',
    );
  });

  test("a port that is not the one of the name that moves", () => {
    const spec = { containers: [{ name: "a", ports: [{ name: "m", containerPort: 9100 }] }] };
    const annotations = { [PORT]: "8080", "prometheus.io/wait-port-name": "m" };
    expect(decideFor(waiting(annotations, spec))).toHaveProperty(
      "message",
      `annotation ${PORT} is "8080"; it must be 9100, the port named "m" (prometheus.io/wait-port-name), or be left out`,
    );
  });

  test("everything that is wrong at once", () => {
    const decision = decideFor(waiting({ [PORT]: "x", "prometheus.io/scheme": "ftp" }));
    expect(decision).toHaveProperty("message", expect.stringMatching(/port is "x".*; .*scheme/));
  });

  test.each<[string, unknown, string]>([
    ["no object", null, "expected object"],
    ["a text", "pod", "expected object"],
    ["no metadata", { spec: {} }, "metadata: expected object"],
    ["annotations of numbers", createPod({ annotations: { a: 1 } }), "metadata.annotations.a"],
    ["annotations in a list", createPod({ annotations: ["a"] }), "metadata.annotations"],
    ["no containers", createPod({ spec: { containers: null } }), "spec.containers: expected array"],
    ["a nameless container", createPod({ spec: { containers: [{}] } }), "spec.containers[0].name"],
    [
      "a numeric init container",
      createPod({ spec: { initContainers: [1] } }),
      "spec.initContainers[0]",
    ],
    [
      "a text for a grace period",
      createPod({ spec: { terminationGracePeriodSeconds: "30" } }),
      "spec.termination",
    ],
  ])("a pod with %s, naming the field", (_name, object, field) => {
    const decision = decideFor(object);
    expect(decision).toMatchObject({ kind: "deny", reason: "invalid_pod" });
    expect(decision).toHaveProperty("message", expect.stringContaining(field));
  });

  test("a pod that declares every port", () => {
    const all = ports(...Array.from({ length: 65_535 }, (_, index) => index + 1));
    const decision = decideFor(waiting({}, { containers: [{ name: "a", ports: all }] }));
    expect(decision).toMatchObject({ kind: "deny", reason: "no_free_port" });
  });

  test.each<[string, unknown]>([
    ["a value", waiting({ [PORT]: "x" })],
    ["a pod that cannot be read", createPod({ spec: { containers: null } })],
  ])("%s only by a warning where the operator says so", (_name, object) => {
    const decision = decideFor(object, { policy: { onInvalid: "warn" } });
    expect(decision).toMatchObject({ kind: "skip", reason: expect.stringMatching(/^invalid_/) });
    expect(decision).toHaveProperty("warnings", [
      expect.stringMatching(/^no metrics proxy: (?:annotation|the pod is malformed)/),
    ]);
  });
});

test("every problem is a warning of its own where the operator says so", () => {
  const pod = waiting({ [PORT]: "x", "prometheus.io/scheme": "ftp" });
  const decision = decideFor(pod, { policy: { onInvalid: "warn" } });
  expect(decision).toHaveProperty("warnings", [
    expect.stringContaining(`annotation ${PORT} is "x"`),
    expect.stringContaining("annotation prometheus.io/scheme is"),
  ]);
});

test("every reason stands once in the table", () => {
  const reasons = TABLE.map(({ reason }) => reason);
  expect(new Set(reasons).size).toBe(reasons.length);
});
