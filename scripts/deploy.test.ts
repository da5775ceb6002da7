/** deploy.sh, as a person or a pipeline runs it: its command line, the cluster it means, and who may change production. */
import { describe, expect, test } from "bun:test";
import { runProcess } from "../shared/testing/process.ts";
import { COMMAND, deploy, deployOnTerminal, verbs } from "./testing/deploy.ts";
import { withoutKubectl } from "./testing/kubectl.ts";

describe("deploy.sh, its command line", () => {
  test.each([
    [[], "The environment is missing; allowed are dev, staging and prod."],
    [["", "deploy"], "The environment is missing; allowed are dev, staging and prod."],
    [["qa", "deploy"], "The environment is 'qa'; allowed are dev, staging and prod."],
    [["dev"], "The action is missing; allowed are deploy, argocd and check."],
    [["dev", ""], "The action is missing; allowed are deploy, argocd and check."],
    [["dev", "destroy"], "The action is 'destroy'; allowed are deploy, argocd and check."],
    [["dev", "deploy", "now"], "'now' is one argument too many"],
    [["dev", "deploy", "--force"], "--force is no option"],
    [["dev", "deploy", "--timeout"], "--timeout needs a value"],
    [["dev", "deploy", "--timeout", "3m"], "--timeout is '3m'; allowed are whole seconds"],
    [["prod", "argocd", "--revision", 'x"y'], `--revision is 'x"y'; allowed is the name`],
    [["dev", "argocd", "--revision", "abc"], "--revision is for prod argocd only"],
  ])("%j ends with 2 and asks nothing of the cluster", async (args, message) => {
    const { code, stderr, calls } = await deploy({ args });
    expect(stderr).toContain(message);
    expect(stderr).toContain("--help");
    expect({ code, calls }).toEqual({ code: 2, calls: [] });
  });

  test("--help names every environment, action, option and exit code", async () => {
    const { code, stdout } = await deploy({ args: ["--help"] });
    expect(code).toBe(0);
    for (const word of ["dev", "staging", "prod", "deploy", "argocd", "check"]) {
      expect(stdout).toMatch(new RegExp(`^  ${word} `, "m"));
    }
    for (const option of ["--yes", "--force-conflicts", "--revision", "--timeout", "--help"]) {
      expect(stdout).toContain(`  ${option}`);
    }
    expect(stdout).toContain("0 done, 1 failed, 2 a wrong command line, 3 not confirmed");
  });
});

describe("deploy.sh, the cluster it means", () => {
  test.each([
    ["dev", "monitoring-dev"],
    ["staging", "monitoring-staging"],
    ["prod", "monitoring"],
  ])(
    "%s is the namespace %s of the current context, which is shown first",
    async (environment, namespace) => {
      const { stdout, calls } = await deploy({ args: [environment, "deploy", "--yes"] });
      expect(stdout).toStartWith(`Context:   kind-test\nNamespace: ${namespace}\n`);
      expect(calls).toContain(`apply --server-side -k manifests/exporter/overlays/${environment}`);
      expect(calls).toContain(
        `rollout status deployment/lb-exporter -n ${namespace} --timeout=180s`,
      );
    },
  );

  test("without a current context nothing is done", async () => {
    const { code, stderr, calls } = await deploy({
      args: ["dev", "deploy"],
      answers: [{ when: "config *", code: 1 }],
    });
    expect(stderr).toContain("kubectl config use-context");
    expect({ code, calls }).toEqual({ code: 1, calls: ["config current-context"] });
  });

  test("without kubectl it says where to get it", async () => {
    await using empty = await withoutKubectl();
    const run = [...COMMAND, "dev", "deploy"];
    const { code, stderr } = await runProcess(run, { env: { PATH: empty.folder } });
    expect(stderr).toBe(
      "kubectl is needed here and is not on the PATH: https://kubernetes.io/docs/tasks/tools/\n",
    );
    expect(code).toBe(1);
  });
});

describe("deploy.sh prod", () => {
  test.each(["deploy", "argocd"])("%s is refused where nobody can be asked", async (action) => {
    const { code, stderr, calls } = await deploy({ args: ["prod", action] });
    expect(stderr).toContain(`./scripts/deploy.sh prod ${action} --yes`);
    expect({ code, calls }).toEqual({ code: 3, calls: [] });
  });

  test("deploy applies once somebody has seen the differences and typed prod", async () => {
    const { code, screen, calls } = await deployOnTerminal(["prod", "deploy"], "prod");
    expect(screen).toMatch(/\+replicas: 2[^]*Type prod to go on/);
    expect(verbs(calls).slice(-3)).toEqual(["diff", "apply", "rollout"]);
    expect(code).toBe(0);
  });

  test.each(["", "yes", "production"])(
    "deploy changes nothing for the answer %j",
    async (answer) => {
      const { code, screen, calls } = await deployOnTerminal(["prod", "deploy"], answer);
      expect(screen).toContain(`The answer is '${answer}' and not prod: nothing has been changed.`);
      expect(verbs(calls)).not.toContain("apply");
      expect(code).toBe(3);
    },
  );
});
