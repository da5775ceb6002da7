/** deploy.sh against a kubectl that records and answers by a table. */
import { join } from "node:path";
import { runProcess } from "../../shared/testing/process.ts";
import { type Answer, standIn } from "./kubectl.ts";

/** deploy.sh, without its arguments. */
export const COMMAND: readonly string[] = [
  Bun.which("bash") ?? "/bin/bash",
  join(import.meta.dir, "../deploy.sh"),
];

/** A cluster in which everything is well; what a test gives comes before. */
const WELL: readonly Answer[] = [
  { when: "config current-context", out: "kind-test\n" },
  { when: "get secret/lb-exporter * -o name", out: "secret/lb-exporter\n" },
  { when: "get secret*", out: "THE-VALUE-OF-A-SECRET" },
  { when: "get deployment/lb-exporter *", out: "deployment.apps/lb-exporter\n" },
  { when: "get applications.argoproj.io/*", code: 1, err: "NotFound\n" },
  { when: "kustomize *", out: rendered("secretName: lb-exporter") },
  { when: "diff *", out: "-replicas: 1\n+replicas: 2\n", code: 1 },
];

/** What kubectl kustomize prints of a Deployment, as far as Secrets go. */
export function rendered(volume: string): string {
  const variable =
    "secretKeyRef:\n                key: CLOUD_ZONE\n                name: lb-exporter";
  return `kind: Deployment\n          - valueFrom:\n              ${variable}\n        - ${volume}\n`;
}

export interface Run {
  readonly args: readonly string[];
  readonly answers?: readonly Answer[];
}

/** Runs it where nobody can be asked. */
export async function deploy({ args, answers = [] }: Run) {
  await using kubectl = await standIn([...answers, ...WELL]);
  const env = { PATH: `${kubectl.folder}:${process.env.PATH}` };
  const outcome = await runProcess([...COMMAND, ...args], { env });
  return { ...outcome, calls: await kubectl.calls() };
}

/** The same on a terminal, on which somebody answers the question. */
export async function deployOnTerminal(args: readonly string[], answer: string) {
  await using kubectl = await standIn(WELL);
  let screen = "";
  let asked = false;
  const child = Bun.spawn([...COMMAND, ...args], {
    env: { PATH: `${kubectl.folder}:${process.env.PATH}` },
    terminal: {
      data(terminal, data) {
        screen += new TextDecoder().decode(data);
        if (asked || !screen.includes("Type prod to go on")) return;
        asked = true;
        terminal.write(`${answer}\n`);
      },
    },
  });
  const code = await child.exited;
  return { code, screen, calls: await kubectl.calls() };
}

/** The first word of each call. */
export const verbs = (calls: readonly string[]) => calls.map((call) => call.split(" ", 1)[0]);
