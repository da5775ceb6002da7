/** deploy.sh ENVIRONMENT check: what each pod serves, and nothing is changed. */
import { describe, expect, test } from "bun:test";
import { deploy, verbs } from "./testing/deploy.ts";
import type { Answer } from "./testing/kubectl.ts";

describe("deploy.sh ENVIRONMENT check", () => {
  const zone = (name: string, up: number) => `ktcloud_zone_up{zone="${name}"} ${up}\n`;
  const pod = (page: string): readonly Answer[] => [
    { when: "get pods *{.metadata.name}*", out: "lb-exporter-1\n" },
    { when: "get endpointslices *", out: "  10.0.0.1\n" },
    { when: "exec *", out: page },
  ];
  const both = zone("DX-M1", 1) + zone("DX-G", 1);

  test.each([
    ["all is well", `${both}ktcloud_lb_total_count 6\n`, "2 of 2 zones up, 6 load balancers\n", 0],
    ["a replica stands by", "ktcloud_exporter_leader 0\n", "stands by", 0],
    [
      "a zone is down",
      zone("DX-M1", 1) + zone("DX-G", 0),
      "1 of 2 zones up, unknown load balancers; down: DX-G\n",
      1,
    ],
    ["the page is empty", "", "no zone on the page", 1],
  ])("where %s it says so", async (_what, page, line, expected) => {
    const { code, stdout } = await deploy({ args: ["prod", "check"], answers: pod(page) });
    expect(stdout).toContain(`  lb-exporter-1: ${line}`);
    expect(code).toBe(expected);
  });

  test("fails where no endpoint is ready", async () => {
    const { code, stdout } = await deploy({
      args: ["dev", "check"],
      answers: [{ when: "get endpointslices *" }, ...pod(both)],
    });
    expect(stdout).toContain("none: Prometheus has nothing to scrape");
    expect(code).toBe(1);
  });

  test("only reads, and asks nobody, also in prod", async () => {
    const { calls } = await deploy({ args: ["prod", "check"], answers: pod(both) });
    expect(new Set(verbs(calls))).toEqual(new Set(["config", "rollout", "get", "exec"]));
    expect(calls.filter((call) => call.startsWith("exec"))).toEqual([
      "exec -n monitoring lb-exporter-1 -- lb-exporter get /metrics",
    ]);
    expect(calls.filter((call) => call.startsWith("rollout"))).toEqual([
      "rollout status deployment/lb-exporter -n monitoring --timeout=1s",
    ]);
  });
});
