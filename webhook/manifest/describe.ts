/** A judged pod -> words for people, and facts for programs. */
import { OUTCOMES } from "../decide.ts";
import type { Plan } from "../plan.ts";
import type { Judged } from "./judge.ts";

/** `Deployment/shop` */
export function titleOf({ kind, name }: Judged): string {
  return `${kind}/${name}`;
}

/** One line: what becomes of the pod, and why. */
export function summaryOf({ decision }: Judged): string {
  if (decision.kind === "inject") {
    const { plan } = decision;
    return `injected, port ${plan.proxyPort} before ${plan.origin.port}, ${modeOf(plan)}`;
  }
  return `${OUTCOMES[decision.kind]} (${decision.reason}): ${decision.message}`;
}

/** What the user should know, but for what the summary says already. */
export function warningsOf({ decision }: Judged): readonly string[] {
  if (decision.kind === "deny") return [];
  if (decision.kind === "inject") return decision.plan.warnings;
  return decision.warnings.filter((warning) => warning !== decision.message);
}

/** Everything that would happen, in a few lines. */
export function explain(judged: Judged): string {
  const { decision, namespace } = judged;
  const head = `${titleOf(judged)} in namespace ${namespace}`;
  const said = decision.kind === "inject" ? `injected (${decision.reason})` : summaryOf(judged);
  const rows = decision.kind === "inject" ? rowsOf(judged, decision.plan) : [];
  const width = Math.max(0, ...rows.map(([name]) => name.length));
  const lines = [
    `${head}: ${said}`,
    ...rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`),
    ...warningsOf(judged).map((warning) => `  warning: ${warning}`),
  ];
  return `${lines.join("\n")}\n`;
}

type Row = readonly [name: string, value: string];

function rowsOf(judged: Judged, plan: Plan): readonly Row[] {
  const { origin, proxyPort, gracePeriodSeconds, hooks, takeOver } = plan;
  const query = origin.query === "" ? "" : `?${origin.query}`;
  const page = `${origin.path}${query}`;
  const names = hooks.map(({ container }) => container.name).join(", ");
  return [
    ["scraped at", `http :${proxyPort}${page}, before ${origin.scheme} :${origin.port}${page}`],
    ["container", `${modeOf(plan)}, ${placeOf(plan)}, image ${plan.image}`],
    ["grace period", `${graceOf(judged)} -> ${gracePeriodSeconds} s`],
    ["preStop hook", names === "" ? "on none of the containers" : `on ${names}`],
    ["resources", resourcesOf(plan)],
    ...(takeOver ? [["port name", `${takeOver.name} moves to ${proxyPort}`] as const] : []),
    ...annotationsOf(judged).map((text): Row => ["annotation", text]),
  ];
}

function modeOf({ native }: Plan): string {
  return native ? "native sidecar" : "regular container";
}

function placeOf({ native, before }: Plan): string {
  if (!native) return "last of the containers";
  return before === undefined ? "last of the init containers" : `init container ${before}`;
}

function graceOf({ decision }: Judged): string {
  const seconds =
    decision.kind === "inject" ? decision.pod.spec.terminationGracePeriodSeconds : undefined;
  return seconds === undefined || seconds === null ? "30 s (by default)" : `${seconds} s`;
}

function resourcesOf({ resources }: Plan): string {
  if (resources === undefined) return "those of the pod as a whole";
  return `requests ${list(resources.requests)}; limits ${list(resources.limits)}`;
}

function list(all: Readonly<Record<string, string>>): string {
  const parts = Object.entries(all).map(([name, quantity]) => `${name} ${quantity}`);
  return parts.join(", ") || "none";
}

function annotationsOf({ patch }: Judged): readonly string[] {
  const at = "/metadata/annotations/";
  return patch
    .filter((operation) => operation.path.startsWith(at) && operation.op !== "remove")
    .map((operation) => {
      const key = operation.path.slice(at.length).replaceAll("~1", "/").replaceAll("~0", "~");
      return `${key}: ${"value" in operation ? String(operation.value) : ""}`;
    });
}

/** The same for programs. */
export function factsOf(judged: Judged) {
  const { manifest, kind, namespace, name, decision, patch } = judged;
  return {
    manifest,
    kind,
    namespace,
    name,
    outcome: OUTCOMES[decision.kind],
    reason: decision.reason,
    message: decision.kind === "inject" ? summaryOf(judged) : decision.message,
    warnings: warningsOf(judged),
    patch,
  };
}
