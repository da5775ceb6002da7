/** local-context.sh, which keeps skaffold.yaml away from every cluster that is not a developer's own. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { runProcess } from "../shared/testing/process.ts";
import { standIn } from "./testing/kubectl.ts";

const COMMAND = [Bun.which("bash") ?? "/bin/bash", join(import.meta.dir, "local-context.sh")];

/** The script where kubectl's current context is `current`; none is "". */
async function guard(current: string, env: Readonly<Record<string, string>> = {}) {
  const code = current === "" ? 1 : 0;
  await using kubectl = await standIn([{ when: "config current-context", out: current, code }]);
  const path = `${kubectl.folder}:${process.env.PATH}`;
  return await runProcess(COMMAND, { env: { PATH: path, ...env } });
}

describe("local-context.sh", () => {
  test.each([
    "kind-kind",
    "k3d-dev",
    "minikube",
    "docker-desktop",
    "rancher-desktop",
    "orbstack",
    "colima",
    "colima-work",
    "microk8s",
  ])("lets %s pass, and says nothing", async (context) => {
    expect(await guard(context)).toMatchObject({ code: 0, stdout: "", stderr: "" });
  });

  test.each(["prod", "admin@kind-of-prod", "gke_project_zone_minikube", "minikube-of-the-team"])(
    "refuses %s, and says how to allow it",
    async (context) => {
      const { code, stderr } = await guard(context);
      expect(stderr).toStartWith(`The context is '${context}', which is no local cluster's`);
      expect(stderr).toContain(`LOCAL_CONTEXT='${context}' skaffold dev\n`);
      expect(code).toBe(1);
    },
  );

  test("refuses where there is no current context, also where none is allowed", async () => {
    for (const env of [{}, { LOCAL_CONTEXT: "" }]) {
      const { code, stderr } = await guard("", env);
      expect(stderr).toStartWith("kubectl has no current context");
      expect(code).toBe(1);
    }
  });

  test("lets the one context pass that LOCAL_CONTEXT names, letter by letter", async () => {
    expect((await guard("mine", { LOCAL_CONTEXT: "mine" })).code).toBe(0);
    expect((await guard("prod", { LOCAL_CONTEXT: "mine" })).code).toBe(1);
    expect((await guard("prod", { LOCAL_CONTEXT: "*" })).code).toBe(1);
  });

  test("believes Skaffold, which may mean another context than kubectl", async () => {
    expect((await guard("kind-kind", { SKAFFOLD_KUBE_CONTEXT: "prod" })).code).toBe(1);
    expect((await guard("prod", { SKAFFOLD_KUBE_CONTEXT: "kind-kind" })).code).toBe(0);
  });
});
