/** deploy.sh ENVIRONMENT deploy: Secrets, differences, apply. */
import { describe, expect, test } from "bun:test";
import { deploy, rendered, verbs } from "./testing/deploy.ts";

describe("deploy.sh ENVIRONMENT deploy", () => {
  test("shows the differences, applies, and waits, in this order", async () => {
    const { code, stdout, calls } = await deploy({ args: ["dev", "deploy", "--timeout", "7"] });
    expect(stdout).toContain("+replicas: 2");
    expect(calls.slice(-3)).toEqual([
      "diff --server-side -k manifests/exporter/overlays/dev",
      "apply --server-side -k manifests/exporter/overlays/dev",
      "rollout status deployment/lb-exporter -n monitoring-dev --timeout=7s",
    ]);
    expect(code).toBe(0);
  });

  test("applies nothing where nothing differs, and asks nobody", async () => {
    const { code, stdout, calls } = await deploy({
      args: ["dev", "deploy"],
      answers: [{ when: "diff *" }],
    });
    expect(stdout).toContain("Nothing.");
    expect(verbs(calls)).not.toContain("apply");
    expect(calls.at(-1)).toStartWith("rollout status");
    expect(code).toBe(0);
  });

  test("stops where kubectl diff fails", async () => {
    const { code, stderr, calls } = await deploy({
      args: ["dev", "deploy"],
      answers: [{ when: "diff *", err: "Forbidden\n", code: 2 }],
    });
    expect(stderr).toContain("Forbidden\nkubectl diff ended with 2: nothing has been changed.");
    expect(verbs(calls).at(-1)).toBe("diff");
    expect(code).toBe(1);
  });

  test("without the namespace it prints the command that makes it, also where the Secret is not asked for", async () => {
    const { code, stderr, calls } = await deploy({
      args: ["dev", "deploy"],
      answers: [
        { when: "kustomize *", out: "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\n" },
        { when: "diff *", err: 'namespaces "monitoring-dev" not found\n', code: 2 },
      ],
    });
    expect(stderr).toContain("Make it: kubectl create namespace monitoring-dev\n");
    expect(verbs(calls).at(-1)).toBe("diff");
    expect(code).toBe(1);
  });

  test("without the Secret it prints the command that makes it", async () => {
    const { code, stderr, calls } = await deploy({
      args: ["dev", "deploy"],
      answers: [{ when: "get secret/lb-exporter * -o name" }],
    });
    expect(stderr).toContain(
      "The Secret lb-exporter does not exist in the namespace monitoring-dev.",
    );
    expect(stderr).toContain(
      "kubectl create secret generic lb-exporter -n monitoring-dev --from-env-file .env",
    );
    expect(verbs(calls)).not.toContain("diff");
    expect(code).toBe(1);
  });

  test("asks for the Secret that the files of several accounts are in", async () => {
    const projected =
      "projected:\n            sources:\n            - secret:\n                name: lb-exporter-accounts";
    const { code, stderr } = await deploy({
      args: ["prod", "deploy", "--yes"],
      answers: [
        { when: "kustomize *", out: rendered(projected) },
        { when: "get secret/lb-exporter-accounts * -o name" },
      ],
    });
    expect(stderr).toContain(
      "The Secret lb-exporter-accounts does not exist in the namespace monitoring.",
    );
    expect(stderr).toContain(
      "create secret generic lb-exporter-accounts -n monitoring --from-file=",
    );
    expect(code).toBe(1);
  });

  test("an overlay that does not render changes nothing", async () => {
    const { code, stderr, calls } = await deploy({
      args: ["dev", "deploy"],
      answers: [{ when: "kustomize *", err: "no such file\n", code: 1 }],
    });
    expect(stderr).toContain("no such file\nmanifests/exporter/overlays/dev does not render");
    expect(verbs(calls)).not.toContain("apply");
    expect(code).toBe(1);
  });

  test("--force-conflicts shows and takes over what somebody else has set", async () => {
    const { calls } = await deploy({ args: ["dev", "deploy", "--force-conflicts"] });
    const overlay = "--server-side --force-conflicts -k manifests/exporter/overlays/dev";
    expect(calls).toContain(`diff ${overlay}`);
    expect(calls).toContain(`apply ${overlay}`);
  });

  test("goes on without the Secret where the overlay has an ExternalSecret make it", async () => {
    const { code } = await deploy({
      args: ["dev", "deploy"],
      answers: [
        { when: "get secret/lb-exporter * -o name" },
        { when: "kustomize *", out: "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\n" },
      ],
    });
    expect(code).toBe(0);
  });

  test("never reads a Secret, and prints none", async () => {
    const { stdout, stderr, calls } = await deploy({ args: ["dev", "deploy"] });
    for (const call of calls.filter((one) => one.includes("secret"))) {
      expect(call).toEndWith("-o name");
    }
    expect(stdout + stderr).not.toContain("THE-VALUE-OF-A-SECRET");
  });

  test("says that Argo CD will put it back", async () => {
    const { stdout } = await deploy({
      args: ["dev", "deploy"],
      answers: [{ when: "get applications.argoproj.io/lb-exporter-dev *", out: "lb-exporter-dev" }],
    });
    expect(stdout).toContain("./scripts/deploy.sh dev argocd");
  });

  test("says that a part may have been applied where kubectl apply fails", async () => {
    const { code, stderr, calls } = await deploy({
      args: ["dev", "deploy"],
      answers: [{ when: "apply *", err: "conflict\n", code: 1 }],
    });
    expect(stderr).toContain("conflict\nkubectl apply failed, perhaps after a part of it.");
    expect(verbs(calls)).not.toContain("rollout");
    expect(code).toBe(1);
  });
});
