import { describe, expect, test } from "bun:test";
import { planFor } from "./testing/policy.ts";
import { createPod, type Json } from "./testing/review.ts";

const annotations = {
  "prometheus.io/wait": "true",
  "prometheus.io/scrape": "true",
  "prometheus.io/port": "9090",
};

/** Names of the containers that get a hook, and the warnings. */
function hooksOf(spec: Json, more: Json = {}) {
  const plan = planFor(createPod({ annotations: { ...annotations, ...more }, spec }));
  return { names: plan.hooks.map(({ container }) => container.name), warnings: plan.warnings };
}

const ports = (...numbers: number[]) => numbers.map((containerPort) => ({ containerPort }));

describe("the preStop hook goes to", () => {
  test.each<[string, Json, string[]]>([
    [
      "the container that declares the port",
      { containers: [{ name: "a" }, { name: "b", ports: ports(9090) }] },
      ["b"],
    ],
    [
      "every container that does",
      {
        containers: [
          { name: "a", ports: ports(9090) },
          { name: "b", ports: ports(1, 9090) },
        ],
      },
      ["a", "b"],
    ],
    [
      "all where none does",
      { containers: [{ name: "a", ports: ports(80) }, { name: "b" }] },
      ["a", "b"],
    ],
    [
      "none of another injector's",
      {
        containers: [
          { name: "istio-proxy" },
          { name: "a" },
          { name: "daprd" },
          { name: "linkerd-proxy" },
        ],
      },
      ["a"],
    ],
    [
      "none where only UDP is declared there, so all",
      {
        containers: [
          { name: "a", ports: [{ containerPort: 9090, protocol: "UDP" }] },
          { name: "b" },
        ],
      },
      ["a", "b"],
    ],
    [
      "none where a native sidecar serves the page: it stops after all containers",
      {
        containers: [{ name: "a" }],
        initContainers: [{ name: "s", restartPolicy: "Always", ports: ports(9090) }],
      },
      [],
    ],
    [
      "the application where an init container that ends declares the port",
      {
        containers: [{ name: "a" }],
        initContainers: [{ name: "migrate", ports: ports(9090) }],
      },
      ["a"],
    ],
    [
      "one that has a postStart hook",
      { containers: [{ name: "a", lifecycle: { postStart: { exec: { command: ["x"] } } } }] },
      ["a"],
    ],
  ])("%s", (_name, spec, names) => {
    expect(hooksOf(spec)).toEqual({ names, warnings: [] });
  });

  test("none by annotation", () => {
    const own = {
      containers: [{ name: "a", lifecycle: { preStop: { exec: {} } } }, { name: "b" }],
    };
    expect(hooksOf(own, { "prometheus.io/wait-prestop": "false" })).toEqual({
      names: [],
      warnings: [],
    });
  });
});

describe("a container's own preStop hook is kept", () => {
  test.each<[string, Json]>([
    ["a sleep", { sleep: { seconds: 1 } }],
    ["the command sleep", { exec: { command: ["sleep", "15"] } }],
    ["the command /bin/sleep", { exec: { command: ["/bin/sleep", "5"] } }],
    [
      "a shell that sleeps first",
      { exec: { command: ["/bin/sh", "-c", "sleep 10; nginx -s quit"] } },
    ],
  ])("without a warning where it gives the time for a capture: %s", (_name, preStop) => {
    expect(hooksOf({ containers: [{ name: "a", lifecycle: { preStop } }] })).toEqual({
      names: [],
      warnings: [],
    });
  });

  test.each<[string, Json]>([
    ["a short sleep", { sleep: { seconds: 0 } }],
    ["a request", { httpGet: { port: 8080, path: "/stop" } }],
    ["a command", { exec: { command: ["nginx", "-s", "quit"] } }],
    ["a command that sleeps later", { exec: { command: ["sh", "-c", "stop && sleep 5"] } }],
    ["half a second", { exec: { command: ["sleep", "0.5"] } }],
    ["nothing", {}],
  ])("with a warning where the order is not certain: %s", (_name, preStop) => {
    const { names, warnings } = hooksOf({
      containers: [{ name: "a", lifecycle: { preStop } }, { name: "b" }],
    });
    expect(names).toEqual(["b"]);
    expect(warnings).toEqual([
      'container "a" keeps its own preStop hook and may stop before its last page is captured: let the hook last 1 s, or end it with a GET of http://127.0.0.1:19090/-/flush',
    ]);
  });
});
