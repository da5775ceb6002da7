/** The webhook's arguments against the sidecar's flags: what one writes, the other must take. */
import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { readConfig } from "../shared/config.ts";
import { type Config, definition } from "../sidecar/config.ts";
import { createContainer } from "../webhook/container.ts";
import { anyPod } from "../webhook/testing/pods.ts";
import { decideFor } from "../webhook/testing/policy.ts";

/** As the kubelet expands it: https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/ */
function expanded(argument: string): string {
  return argument.replaceAll("$$", "$");
}

function configOf(argv: readonly string[]): Config {
  const line = readConfig(definition, { argv, env: {}, readFile: () => "" });
  if (line.kind !== "config") throw new TypeError(`Expected a configuration, not ${line.kind}`);
  return line.values;
}

test("the sidecar takes every argument that the webhook gives it, as it was meant", () => {
  let injected = 0;
  const property = fc.property(anyPod, fc.boolean(), (pod, native) => {
    const sidecar = { reportUrl: "http://hook.hook.svc:8080/report" };
    const decision = decideFor(pod, { policy: { native }, sidecar });
    if (decision.kind !== "inject") return;
    injected += 1;
    const { plan } = decision;
    const { port, path, scheme, query } = plan.origin;
    expect(configOf((createContainer(plan).args ?? []).map(expanded))).toMatchObject({
      originalPort: port,
      proxyPort: plan.proxyPort,
      originalScheme: scheme,
      metricsPaths: [path],
      captureQuery: query,
      prestopToken: "token",
      backgroundCaptureSeconds: plan.endsByItself ? 1 : 0,
      unscrapedWaitSeconds: plan.scrapeIntervalSeconds + 15,
      reportUrl: sidecar.reportUrl,
    });
  });
  fc.assert(property, { numRuns: 5000 });
  expect(injected).toBeGreaterThan(500);
});
