/** setup-argocd.sh, against a kubectl that records and answers by a table. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { runProcess } from "../shared/testing/process.ts";
import { type Answer, standIn } from "./testing/kubectl.ts";

const SCRIPT = join(import.meta.dir, "setup-argocd.sh");

interface Run {
  readonly args: readonly string[];
  readonly answers?: readonly Answer[];
  readonly env?: Readonly<Record<string, string>>;
}

async function setup({ args, answers = [], env = {} }: Run) {
  await using kubectl = await standIn([
    ...answers,
    { when: "config current-context", out: "kind-test\n" },
  ]);
  const path = `${kubectl.folder}:${process.env.PATH}`;
  const command = [Bun.which("bash") ?? "/bin/bash", SCRIPT, ...args];
  const outcome = await runProcess(command, { env: { PATH: path, ...env } });
  return { ...outcome, calls: await kubectl.calls() };
}

test.each([
  [[], "The action is missing; allowed are install, status, password and port-forward."],
  [["remove"], "The action is 'remove'; allowed are install, status, password and port-forward."],
  [["status", "now"], "'now' is one argument too many"],
])("setup-argocd.sh %j ends with 2 and asks nothing of the cluster", async (args, message) => {
  const { code, stderr, calls } = await setup({ args });
  expect(stderr).toContain(message);
  expect({ code, calls }).toEqual({ code: 2, calls: [] });
});

test("setup-argocd.sh --help names each action", async () => {
  const { code, stdout } = await setup({ args: ["--help"] });
  for (const action of ["install", "status", "password", "port-forward"]) {
    expect(stdout).toMatch(new RegExp(`^  ${action} `, "m"));
  }
  expect(code).toBe(0);
});

test("setup-argocd.sh install applies a pinned version, server-side, and waits until it runs", async () => {
  const { code, stdout, stderr, calls } = await setup({ args: ["install"] });
  expect(stderr).toStartWith("Context:   kind-test\nNamespace: argocd\n");
  expect(calls).toContain("create namespace argocd");
  const url = /https:\S+\/argo-cd\/v\d+\.\d+\.\d+\/manifests\/install.yaml/;
  const apply = calls.find((call) => call.startsWith("apply")) ?? "";
  expect(apply).toStartWith("apply -n argocd --server-side --force-conflicts -f https:");
  expect(apply).toMatch(url);
  for (const name of ["application-controller", "repo-server", "redis", "server"]) {
    expect(calls).toContainEqual(
      expect.stringMatching(new RegExp(`^rollout status \\w+/argocd-${name} `)),
    );
  }
  expect(stdout).toContain("kubectl apply -k manifests/argocd");
  expect(code).toBe(0);
});

test("setup-argocd.sh install makes no namespace where the manifest is out of reach", async () => {
  const { code, stderr, calls } = await setup({
    args: ["install"],
    answers: [
      { when: "create --dry-run=client -n argocd -f https:*", err: "no such host\n", code: 1 },
    ],
  });
  expect(stderr).toContain("no such host\nThe manifest cannot be read: nothing has been changed.");
  expect(stderr).toContain("ARGOCD_MANIFEST takes a file");
  expect(calls.map((call) => call.split(" -")[0])).toEqual([
    "config current-context",
    "get namespace/argocd",
    "create",
  ]);
  expect(code).toBe(1);
});

test("setup-argocd.sh install says so where the user may not apply all of it", async () => {
  const { code, stderr } = await setup({
    args: ["install"],
    answers: [{ when: "apply *", err: "Forbidden\n", code: 1 }],
  });
  expect(stderr).toContain("Forbidden\nThe manifest could not be applied, or not all of it.");
  expect(code).toBe(1);
});

test("setup-argocd.sh install takes another version, or a file", async () => {
  const namespace: Answer = { when: "get namespace/argocd *", out: "namespace/argocd\n" };
  const answers = [namespace];
  const older = await setup({ args: ["install"], answers, env: { ARGOCD_VERSION: "v3.5.7" } });
  expect(older.calls.some((call) => call.endsWith("/v3.5.7/manifests/install.yaml"))).toBe(true);
  const local = await setup({ args: ["install"], answers, env: { ARGOCD_MANIFEST: "mine.yaml" } });
  expect(local.calls).toContain("apply -n argocd --server-side --force-conflicts -f mine.yaml");
  expect(local.calls).not.toContain("create namespace argocd");
});

test("setup-argocd.sh install says what does not run", async () => {
  const { code, stderr } = await setup({
    args: ["install"],
    answers: [
      { when: "rollout status deployment/argocd-repo-server *", code: 1 },
      { when: "get pods *", out: "argocd-repo-server-1   0/1\n" },
    ],
  });
  expect(stderr).toContain("argocd-repo-server-1   0/1");
  expect(stderr).toContain("deployment/argocd-repo-server does not run after 300 s");
  expect(code).toBe(1);
});

test("setup-argocd.sh password prints it, and nothing else where a pipe would take it", async () => {
  const secret = "secret/argocd-initial-admin-secret";
  const { code, stdout, stderr } = await setup({
    args: ["password"],
    answers: [
      { when: `get ${secret} * -o name`, out: `${secret}\n` },
      { when: `get ${secret} * -o go-template=*`, out: "REPLACE-ME\n" },
    ],
  });
  expect(stdout).toBe("REPLACE-ME\n");
  expect(stderr).toContain("kubectl delete secret argocd-initial-admin-secret -n argocd");
  expect(code).toBe(0);
});

test.each(["status", "password", "port-forward"])(
  "setup-argocd.sh %s says so where Argo CD is not installed",
  async (action) => {
    const { code, stderr } = await setup({ args: [action] });
    expect(stderr).toMatch(/no Argo CD in the namespace argocd|Argo CD is not installed/);
    expect(code).toBe(1);
  },
);

test("setup-argocd.sh port-forward listens on this machine alone", async () => {
  const { code, calls } = await setup({
    args: ["port-forward"],
    answers: [{ when: "get service/argocd-server *", out: "service/argocd-server\n" }],
  });
  expect(calls.at(-1)).toBe(
    "port-forward service/argocd-server -n argocd --address 127.0.0.1 8080:443",
  );
  expect(code).toBe(0);
});
