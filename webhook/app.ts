/** The three listeners' routes: admissions, metrics, health. */
import { type Context, Hono } from "hono";
import type { Registry } from "prom-client";
import { addHealth, addMetrics, methodNotAllowed, type Readiness } from "../shared/http.ts";
import type { Logger } from "../shared/log.ts";
import { readBody } from "./body.ts";
import { createContainer } from "./container.ts";
import { type Decision, decide, type Policy } from "./decide.ts";
import type { AdmissionReason, CountAdmission } from "./metrics.ts";
import { createPatch } from "./patch.ts";
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
  readonly policy: Policy;
  /** Image of the injected container. */
  readonly sidecarImage: string;
  readonly count: CountAdmission;
  readonly log: Logger;
}

type Admission = { Variables: { startedMs: number } };

/**
 * The admission listener: `POST /mutate`.
 *
 * | request                              | status   | counted as          | logged |
 * |--------------------------------------|----------|---------------------|--------|
 * | a review, pod injected               | 200      | injected            | info   |
 * | a review, pod left as it is          | 200      | skipped, by reason  | debug  |
 * | a review, pod refused by a 422 in it | 200      | denied, by reason   | warn   |
 * | no review: ReviewError               | 400, 413 | rejected, by reason | warn   |
 * | any; a fault of ours                 | 500      | error               | error  |
 *
 * A 500 leaves it to the failurePolicy whether the pod is created as it is.
 */
export function createWebhookApp(options: WebhookOptions): Hono<Admission> {
  const { policy, sidecarImage, count, log } = options;
  const app = new Hono<Admission>();
  const done = (c: Context<Admission>, reason: AdmissionReason) =>
    count(reason, (performance.now() - c.get("startedMs")) / 1000);

  app.post("/mutate", async (c) => {
    c.set("startedMs", performance.now());
    const request = readReview(await readBody(c.req.raw));
    const decision = decide(request, policy);
    const answer = createAnswer(request, decision, sidecarImage);
    logDecision(log, request, decision);
    done(c, decision.kind === "inject" ? "opted_in" : decision.reason);
    return c.json(answer);
  });
  app.all("/mutate", (c) => methodNotAllowed(c, "POST"));
  app.notFound((c) => c.text("only POST /mutate is answered here\n", 404));
  app.onError((error, c) => {
    if (error instanceof ReviewError) {
      log.warn("Rejected a request", { reason: error.reason, error });
      done(c, error.reason);
      return c.text(`${error.message}\n`, error.status);
    }
    log.error("Failed to answer a request", { error });
    done(c, "internal");
    return c.text("internal error\n", 500);
  });
  return app;
}

/** The metrics listener: `/metrics`, and health like every listener. */
export function createMetricsApp(registry: Registry, readiness: () => Readiness): Hono {
  const app = createHealthApp(readiness);
  addMetrics(app, "/metrics", registry);
  return app;
}

/** The probe listener: `/healthz`, `/readyz`, `/-/healthy`, `/-/ready`. */
export function createHealthApp(readiness: () => Readiness): Hono {
  const app = new Hono();
  addHealth(app, readiness);
  return app;
}

function createAnswer(
  { uid }: AdmissionRequest,
  decision: Decision,
  sidecarImage: string,
): AdmissionAnswer {
  if (decision.kind === "skip") return allow(uid, decision);
  if (decision.kind === "deny") return deny(uid, decision.message);
  const { pod, plan } = decision;
  const patch = createPatch(pod, plan, createContainer(plan, sidecarImage));
  const message = `metrics proxy injected: port ${plan.proxyPort} before ${plan.originalPort}`;
  return allow(uid, { message, patch });
}

function logDecision(log: Logger, request: AdmissionRequest, decision: Decision): void {
  const pod = { namespace: clip(request.namespace ?? ""), dry_run: request.dryRun === true };
  if (decision.kind === "inject") {
    const { metadata } = decision.pod;
    const { originalPort: original_port, proxyPort: proxy_port, native } = decision.plan;
    // A pod of a controller gets its name only after admission.
    const name = metadata.name || metadata.generateName || "";
    const mode = native ? "native" : "regular";
    log.info("Injected", { ...pod, pod: clip(name), original_port, proxy_port, mode });
    return;
  }
  const { reason, message } = decision;
  const level = decision.kind === "deny" ? "warn" : "debug";
  const fields = { ...pod, pod: clip(request.name ?? ""), reason, detail: message };
  log[level](decision.kind === "deny" ? "Denied" : "Left as it is", fields);
}
