/** `webhook inject` and `webhook explain`: what the webhook would do, for manifests in files and without a cluster. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Definition, Values } from "../../shared/flags.ts";
import { type Host, readCommandLine } from "../../shared/lifecycle.ts";
import { nonEmpty, oneOf, parsed } from "../../shared/values.ts";
import { createPolicy, policyFlags, policyProblems } from "../policy.ts";
import type { Command } from "./commands.ts";
import { explain, factsOf, summaryOf, titleOf, warningsOf } from "./describe.ts";
import { ManifestError, patchDocument, textOf } from "./documents.ts";
import { type JudgedPart, judge, type Manifest } from "./judge.ts";

/** Where a command reads and writes. */
export interface Terminal extends Host {
  readonly stdin: () => Promise<string>;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

const flags = {
  filename: {
    flag: "filename",
    short: "f",
    placeholder: "FILE",
    repeatable: true,
    help: "Manifest to read, YAML or JSON, of one or many objects; a directory's *.yaml, *.yml and *.json; - for standard input. Repeatable.",
    schema: parsed("files or directories, separated by commas", (text) => {
      const names = text.split(",").map((name) => name.trim());
      return names.every((name) => name !== "") ? names : undefined;
    }),
  },
  namespace: {
    flag: "namespace",
    short: "n",
    placeholder: "NAME",
    default: "default",
    // The webhook's own flag of this name says something else.
    env: "WEBHOOK_MANIFEST_NAMESPACE",
    help: "Namespace of what names none.",
    schema: nonEmpty(),
  },
  ...policyFlags,
} as const;

const explainFlags = {
  ...flags,
  output: {
    flag: "output",
    short: "o",
    placeholder: "text|json",
    default: "text",
    env: "WEBHOOK_EXPLAIN_OUTPUT",
    help: "For people or, with the JSON Patch of each pod, for programs.",
    schema: oneOf(["text", "json"]),
  },
} as const;

const AFTERWORD =
  " The same code decides as in the cluster; --enable-sidecar-containers=auto is false here, since there is no cluster to ask.";

export const injectDefinition: Definition<typeof flags> = {
  name: "webhook inject",
  prefix: "WEBHOOK",
  about:
    "Prints manifests with the sidecar injected into every pod that asks for it: Pod, Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob and lists of them. Everything else passes through unchanged. What became of each pod is told on stderr; where one would be refused, nothing is printed and the exit code is 1. The preStop hook's token stands in the manifest, and is the same at each run." +
    AFTERWORD,
  flags,
  examples: [
    "webhook inject -f shop.yaml | kubectl apply -f -",
    "kubectl get deployment shop -o yaml | webhook inject -f - | kubectl apply -f -",
    "webhook inject -f k8s/ --enable-sidecar-containers --scrape-interval-seconds 15",
  ],
  check: policyProblems,
};

export const explainDefinition: Definition<typeof explainFlags> = {
  name: "webhook explain",
  prefix: "WEBHOOK",
  about:
    "Says for every pod in manifests what the webhook would do and why, with the reasons that its metric webhook_admissions_total counts by, every warning and every change." +
    AFTERWORD,
  flags: explainFlags,
  examples: [
    "webhook explain -f shop.yaml",
    "kubectl get deployments -A -o yaml | webhook explain -f -",
    "webhook explain -f k8s/ -o json | jq '.[] | select(.outcome == \"denied\")'",
  ],
  check: policyProblems,
};

/** Runs a command and gives its exit code: 0, 1 where a manifest cannot be used or a pod is refused, 78. */
export async function runManifestCommand(command: Command, terminal: Terminal): Promise<number> {
  try {
    return command === "inject" ? await runInject(terminal) : await runExplain(terminal);
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    terminal.err(`webhook ${command}: ${error.message}\n`);
    return 1;
  }
}

async function runInject(terminal: Terminal): Promise<number> {
  const line = readCommandLine(injectDefinition, terminal);
  if (line.kind === "done") return line.code;
  const manifests = await judgeAll(line.values, terminal);
  const judged = manifests.flat().flatMap((part) => part.judged);
  for (const one of judged) {
    terminal.err(`${titleOf(one)}: ${summaryOf(one)}\n`);
    for (const warning of warningsOf(one)) terminal.err(`${titleOf(one)}: warning: ${warning}\n`);
  }
  if (judged.some(({ decision }) => decision.kind === "deny")) return 1;
  terminal.out(joined(manifests.map((parts) => parts.map(injected).join(""))));
  return 0;
}

function injected(part: JudgedPart): string {
  const changed = part.judged.filter(({ patch }) => patch.length > 0);
  if (part.document === undefined || changed.length === 0) return part.source;
  for (const { path, patch } of changed) patchDocument(part.document, path, patch);
  return textOf(part);
}

/** Several files are one stream of documents. */
function joined(texts: readonly string[]): string {
  return texts.reduce((all, text) => {
    if (all === "") return text;
    const end = all.endsWith("\n") ? "" : "\n";
    return `${all}${end}${text.startsWith("---") ? "" : "---\n"}${text}`;
  }, "");
}

async function runExplain(terminal: Terminal): Promise<number> {
  const line = readCommandLine(explainDefinition, terminal);
  if (line.kind === "done") return line.code;
  const parts = (await judgeAll(line.values, terminal)).flat();
  if (line.values.output === "json") {
    const facts = parts.flatMap(({ judged }) => judged.map(factsOf));
    terminal.out(`${JSON.stringify(facts, null, 2)}\n`);
    return 0;
  }
  for (const { judged, title } of parts) {
    for (const one of judged) terminal.out(explain(one));
    if (title !== undefined) terminal.out(`${title}: has no pods\n`);
  }
  return 0;
}

async function judgeAll(values: Values<typeof flags>, terminal: Terminal) {
  const native = values.nativeSidecars === "true";
  const policy = createPolicy(values, { native, ownNamespace: "" });
  const names = values.filename.flatMap(filesOf);
  const manifests: Manifest[] = [];
  for (const name of names) manifests.push({ name, text: await read(name, terminal) });
  return judge(manifests, { policy, namespace: values.namespace });
}

/** A directory stands for the manifests in it, in the order of their names. */
function filesOf(name: string): readonly string[] {
  if (name === "-") return [name];
  try {
    if (!statSync(name).isDirectory()) return [name];
    const files = readdirSync(name).filter((file) => /\.(?:ya?ml|json)$/.test(file));
    if (files.length > 0) return files.sort().map((file) => join(name, file));
  } catch (error) {
    throw unreadable(name, error);
  }
  throw new ManifestError(`${name}: holds no *.yaml, *.yml or *.json`);
}

async function read(name: string, { stdin }: Terminal): Promise<string> {
  if (name === "-") return await stdin();
  try {
    return readFileSync(name, "utf8");
  } catch (error) {
    throw unreadable(name, error);
  }
}

function unreadable(name: string, error: unknown): ManifestError {
  const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
  return new ManifestError(`${name}: cannot be read (${code})`);
}
