/** deploy.sh ENVIRONMENT argocd: a sync by the Application alone. */
import { describe, expect, test } from "bun:test";
import { deploy, verbs } from "./testing/deploy.ts";
import type { Answer } from "./testing/kubectl.ts";

/** An Application whose sync ends so once it has been asked for. */
function application(ends: string): readonly Answer[] {
  const get = "get applications.argoproj.io/lb-exporter-*";
  return [
    { when: `${get}{.operation.sync.revision}|*`, after: "patch ", out: ends },
    { when: `${get}{.metadata.annotations*`, out: "" },
    { when: `${get}{.operation}`, out: "" },
    { when: `${get}{.spec.syncPolicy.syncOptions}`, out: '["ServerSideApply=true"]' },
    { when: `${get}{.spec.source.targetRevision}`, out: "main" },
    { when: `${get}Application: *`, out: "Sync:        OutOfSync 1234567\n" },
    { when: `${get}{.status.operationState.phase}: *`, out: "Failed: one object is invalid\n" },
    { when: get, out: "lb-exporter" },
  ];
}

describe("deploy.sh ENVIRONMENT argocd", () => {
  test("syncs to the branch with the Application's own options, and waits", async () => {
    const { code, stdout, calls } = await deploy({
      args: ["dev", "argocd"],
      answers: application("|Succeeded|Synced|Healthy"),
    });
    expect(stdout).toContain("Sync:        OutOfSync 1234567\nSyncing to main.\n");
    expect(stdout).toEndWith("lb-exporter-dev is Synced and Healthy.\n");
    const patch = calls.find((call) => call.startsWith("patch")) ?? "";
    expect(patch).toStartWith(
      "patch applications.argoproj.io/lb-exporter-dev -n argocd --type merge",
    );
    expect(JSON.parse(patch.slice(patch.indexOf("{")))).toEqual({
      operation: {
        initiatedBy: { username: "scripts/deploy.sh" },
        sync: { revision: "main", prune: true, syncOptions: ["ServerSideApply=true"] },
      },
    });
    expect(code).toBe(0);
  });

  test("takes prod back to an older commit, which then differs from the branch", async () => {
    const { code, stdout, calls } = await deploy({
      args: ["prod", "argocd", "--revision", "0badcafe", "--yes"],
      answers: application("|Succeeded|OutOfSync|Healthy"),
    });
    expect(calls.some((call) => call.includes('"revision":"0badcafe"'))).toBe(true);
    expect(stdout).toEndWith("lb-exporter-prod is OutOfSync and Healthy.\n");
    expect(code).toBe(0);
  });

  test.each([
    ["a sync that failed", "|Failed|OutOfSync|Healthy", "180"],
    ["a sync that goes on for too long", "main|Running|OutOfSync|Progressing", "0"],
    ["pods that do not get well", "|Succeeded|Synced|Degraded", "0"],
  ])("explains %s", async (_what, ends, timeout) => {
    const { code, stdout } = await deploy({
      args: ["dev", "argocd", "--timeout", timeout],
      answers: application(ends),
    });
    expect(stdout).toContain("Failed: one object is invalid");
    expect(stdout).toContain("Likely reasons:");
    expect(code).toBe(1);
  });

  test("says so where Argo CD does not begin", async () => {
    const { code, stderr } = await deploy({
      args: ["dev", "argocd", "--timeout", "0"],
      answers: [
        { when: "get applications*{.operation}", after: "patch ", out: "{}" },
        { when: "get applications*{.status.operationState.phase}", out: "" },
        ...application("main|||"),
      ],
    });
    expect(stderr).toContain("Argo CD has not begun within 0 s.");
    expect(code).toBe(1);
  });

  test("starts no second sync beside one that goes on", async () => {
    const { code, stderr, calls } = await deploy({
      args: ["dev", "argocd"],
      answers: [{ when: "get applications*{.operation}", out: '{"sync":{}}' }, ...application("")],
    });
    expect(stderr).toContain("A sync of lb-exporter-dev is going on already.");
    expect(verbs(calls)).not.toContain("patch");
    expect(code).toBe(1);
  });

  test("says how to get Argo CD and the Applications where they are missing", async () => {
    const { code, stderr } = await deploy({ args: ["dev", "argocd"] });
    expect(stderr).toContain("./scripts/setup-argocd.sh install");
    expect(stderr).toContain("kubectl apply -k manifests/argocd");
    expect(code).toBe(1);
  });
});
