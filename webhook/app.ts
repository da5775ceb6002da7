/** The three listeners' routes: admissions, metrics, health. */
import { type Context, Hono } from "hono";
import type { Registry } from "prom-client";
import { addHealth, addMetrics, methodNotAllowed, type Readiness } from "../shared/http.ts";
import type { Logger } from "../shared/log.ts";
import { ANNOTATIONS } from "./annotations.ts";
import { readBody } from "./body.ts";
import { type Decision, decide, OUTCOMES } from "./decide.ts";
import type { Admission, CountAdmission } from "./metrics.ts";
import { createPatch } from "./patch.ts";
import type { Policy } from "./plan.ts";
import { type PodMetadata, readMetadata } from "./pod.ts";
import type { ServiceFacts, Services } from "./port-name.ts";
import { addReports, createReportMetrics } from "./reports.ts";
import {
  type AdmissionAnswer,
  type AdmissionRequest,
  allow,
  deny,
  ReviewError,
  readReview,
} from "./review.ts";
import { clip } from "./wording.ts";

export interface WebhookOptions {
  /** Asked for each request: whether sidecars are native may be known only later. */
  readonly policy: () => Policy;
  /** A new secret for each pod. */
  readonly createToken: () => string;
  /** The Services of a namespace, where the API server may be asked; rejects where it does not answer. */
  readonly findServices?: (namespace: string) => Promise<readonly ServiceFacts[]>;
  readonly count: CountAdmission;
  readonly log: Logger;
}

type Env = { Variables: { startedMs: number } };

/**
 * The admission listener: `POST /mutate`.
 *
 * | request                              | status   | counted as          | logged |
 * |--------------------------------------|----------|---------------------|--------|
 * | a review, pod injected or put right  | 200      | injected, by reason | info   |
 * | a review, pod left as it is          | 200      | skipped, by reason  | debug  |
 * | a review, pod refused by a 422 in it | 200      | denied, by reason   | warn   |
 * | no review: ReviewError               | 400, 413 | rejected, by reason | warn   |
 * | any; a fault of ours                 | 500      | error               | error  |
 *
 * A 500 leaves it to the failurePolicy whether the pod is created as it is.
 */
export function createWebhookApp(options: WebhookOptions): Hono<Env> {
  const { policy, createToken, count, log } = options;
  const app = new Hono<Env>();
  const done = (c: Context<Env>, admission: Admission) =>
    count(admission, (performance.now() - c.get("startedMs")) / 1000);

  app.post("/mutate", async (c) => {
    c.set("startedMs", performance.now());
    const request = readReview(await readBody(c.req.raw));
    const services = await servicesFor(request, options);
    const decision = decide(request, policy(), { token: createToken(), services });
    const answer = createAnswer(request, decision);
    logDecision(log, request, decision);
    done(c, { outcome: OUTCOMES[decision.kind], reason: decision.reason });
    return c.json(answer);
  });
  app.all("/mutate", (c) => methodNotAllowed(c, "POST"));
  app.notFound((c) => c.text("only POST /mutate is answered here\n", 404));
  app.onError((error, c) => {
    if (error instanceof ReviewError) {
      log.warn("Rejected a request", { reason: error.reason, error });
      done(c, { outcome: "rejected", reason: error.reason });
      return c.text(`${error.message}\n`, error.status);
    }
    log.error("Failed to answer a request", { error });
    done(c, { outcome: "error", reason: "internal" });
    return c.text("internal error\n", 500);
  });
  return app;
}

/** The metrics listener: `/metrics`, the sidecars' `POST /report`, and health like every listener. */
export function createMetricsApp(registry: Registry, readiness: () => Readiness): Hono {
  const app = createHealthApp(readiness);
  addMetrics(app, "/metrics", registry);
  addReports(app, createReportMetrics(registry));
  return app;
}

/** The probe listener: `/healthz`, `/readyz`, `/-/healthy`, `/-/ready`. */
export function createHealthApp(readiness: () => Readiness): Hono {
  const app = new Hono();
  addHealth(app, readiness);
  return app;
}

/** Known only where they may be asked for and matter. */
async function servicesFor(
  { namespace, object }: AdmissionRequest,
  { findServices, log }: WebhookOptions,
): Promise<Services> {
  if (findServices === undefined || !namespace) return [];
  const metadata = readMetadata(object);
  const annotations = metadata.kind === "read" ? metadata.value.annotations : undefined;
  if (annotations?.[ANNOTATIONS.portName.key] === undefined) return [];
  try {
    return await findServices(namespace);
  } catch (error) {
    // An API server in trouble must not keep pods from starting.
    log.warn("Cannot look up the Services of a namespace", { namespace: clip(namespace), error });
    return "unavailable";
  }
}

function createAnswer({ uid }: AdmissionRequest, decision: Decision): AdmissionAnswer {
  if (decision.kind === "skip") return allow(uid, decision);
  if (decision.kind === "deny") return deny(uid, decision.message);
  const patch = createPatch(decision);
  if (decision.kind === "repair") return allow(uid, { ...decision, patch });
  const { plan } = decision;
  const message = `metrics proxy injected: port ${plan.proxyPort} before ${plan.origin.port}`;
  return allow(uid, { message, warnings: plan.warnings, patch });
}

function logDecision(log: Logger, request: AdmissionRequest, decision: Decision): void {
  const pod = { namespace: clip(request.namespace ?? ""), dry_run: request.dryRun === true };
  if (decision.kind === "inject") {
    const { metadata } = decision.pod;
    const { origin, proxyPort: proxy_port, native, warnings } = decision.plan;
    const mode = native ? "native" : "regular";
    const ports = { original_port: origin.port, proxy_port };
    log.info("Injected", {
      ...pod,
      pod: nameOf(metadata),
      ...ports,
      mode,
      warnings: warnings.length,
    });
    return;
  }
  if (decision.kind === "repair") {
    const name = nameOf(decision.pod.metadata);
    log.info("Put annotations right", { ...pod, pod: name, detail: decision.message });
    return;
  }
  const { reason, message } = decision;
  const level = decision.kind === "deny" ? "warn" : "debug";
  const fields = { ...pod, pod: clip(request.name ?? ""), reason, detail: message };
  log[level](decision.kind === "deny" ? "Denied" : "Left as it is", fields);
}

/** A pod of a controller gets its name only after admission. */
function nameOf({ name, generateName }: PodMetadata): string {
  return clip(name || generateName || "");
}
