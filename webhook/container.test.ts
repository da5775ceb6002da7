import { describe, expect, test } from "bun:test";
import { createContainer } from "./container.ts";
import { type Given, planFor } from "./testing/policy.ts";
import { createPod, type Json } from "./testing/review.ts";

function containerFor(annotations: Json = {}, given: Given = {}, spec: Json = {}) {
  const wait = { "prometheus.io/wait": "true", ...annotations };
  return createContainer(planFor(createPod({ annotations: wait, spec }), given));
}

const native = { policy: { native: true } };

describe("createContainer() tells the sidecar", () => {
  test("its ports, its grace period and the hook's token, and nothing that it knows by default", () => {
    const { image, args, ports } = containerFor({ "prometheus.io/port": "8080" });
    expect(image).toBe("proxy:1");
    expect(args).toEqual([
      "--original-port=8080",
      "--proxy-port=18080",
      "--termination-grace-period-seconds=95",
      "--prestop-token=token",
    ]);
    expect(ports).toEqual([{ name: "metrics-proxy", containerPort: 18_080, protocol: "TCP" }]);
  });

  test.each<[string, Json, Given, Json, string]>([
    ["the scheme", { "prometheus.io/scheme": "https" }, {}, {}, "--original-scheme=https"],
    ["the path", { "prometheus.io/path": "/a/b" }, {}, {}, "--metrics-path=/a/b"],
    ["a path with $", { "prometheus.io/path": "/$x" }, {}, {}, "--metrics-path=/$$x"],
    ["the query", { "prometheus.io/param_a": "b c" }, {}, {}, "--capture-query=a=b+c"],
    [
      "how long to wait for a first scrape",
      { "prometheus.io/wait-scrape-interval-seconds": "15" },
      {},
      {},
      "--unscraped-wait-seconds=30",
    ],
    [
      "to capture all the time",
      {},
      native,
      { restartPolicy: "Never" },
      "--background-capture-seconds=1",
    ],
    ["where to report", {}, { sidecar: { reportUrl: "http://r/" } }, {}, "--report-url=http://r/"],
    ["its log level", { "prometheus.io/wait-log-level": "debug" }, {}, {}, "--log-level=debug"],
    [
      "no grace period that it would not take",
      {},
      {},
      { terminationGracePeriodSeconds: 1e9 },
      "--termination-grace-period-seconds=86400",
    ],
  ])("%s", (_name, annotations, given, spec, argument) => {
    expect(containerFor(annotations, given, spec).args).toContain(argument);
  });
});

test("createContainer() makes a native sidecar, with a hook of its own, only where it is planned", () => {
  expect(containerFor()).not.toHaveProperty("restartPolicy");
  expect(containerFor()).not.toHaveProperty("lifecycle");
  expect(containerFor({ "prometheus.io/wait-prestop": "false" }, native)).toMatchObject({
    restartPolicy: "Always",
    lifecycle: {
      preStop: {
        httpGet: {
          path: "/-/prestop",
          port: 19_090,
          scheme: "HTTP",
          httpHeaders: [{ name: "X-Prestop-Token", value: "token" }],
        },
      },
    },
  });
});

describe("createContainer() meets Pod Security restricted", () => {
  const restricted = {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ["ALL"] },
    readOnlyRootFilesystem: true,
    runAsNonRoot: true,
    seccompProfile: { type: "RuntimeDefault" },
  };

  test("as user 65532, whatever the pod sets", () => {
    const spec = { securityContext: { runAsNonRoot: false, runAsUser: 0 } };
    const user = { runAsUser: 65_532, runAsGroup: 65_532 };
    expect(containerFor({}, {}, spec).securityContext).toEqual({ ...restricted, ...user });
  });

  test("as a user of the cluster's choice", () => {
    const given = { sidecar: { runAsUser: undefined } };
    expect(containerFor({}, given).securityContext).toEqual(restricted);
  });
});

test("createContainer() has resources that hold, and no probe that could hold the pod up", () => {
  const container = containerFor();
  expect(container.resources).toEqual({
    requests: { cpu: "10m", memory: "32Mi" },
    limits: { memory: "128Mi" },
  });
  for (const probe of ["livenessProbe", "readinessProbe", "startupProbe"]) {
    expect(container).not.toHaveProperty(probe);
  }
});

test("createContainer() takes image and pull policy from the pod's annotations before the flags", () => {
  const sidecar = { image: "a:1", imagePullPolicy: "Never" } as const;
  expect(containerFor({}, { sidecar })).toMatchObject({ image: "a:1", imagePullPolicy: "Never" });
  const annotations = {
    "prometheus.io/wait-image": "b:2",
    "prometheus.io/wait-image-pull-policy": "Always",
  };
  const own = containerFor(annotations, { sidecar });
  expect(own).toMatchObject({ image: "b:2", imagePullPolicy: "Always" });
  expect(containerFor()).not.toHaveProperty("imagePullPolicy");
});
