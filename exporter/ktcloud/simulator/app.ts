/** The simulated cloud's routes: its API under each zone's prefix, and beside it its own controls. */
import { type Context, Hono } from "hono";
import { addHealth } from "../../../shared/http.ts";
import { contentTypeOf, SERVICE_NOT_FOUND, send } from "./answers.ts";
import { type Asked, type Route, readAsked, speaks } from "./asked.ts";
import { accountOf, answer, type Cloud, cloudTime, envelopeOf } from "./cloud.ts";
import { addControls, type Controlled } from "./controls.ts";
import { type CallRecord, type Counts, countCall } from "./counts.ts";
import { sendFaulty } from "./faults.ts";
import type { Fault } from "./knobs.ts";
import { addPage } from "./page.ts";

/** What the routes need. */
export interface Simulation extends Controlled {
  /** Milliseconds since the simulator started, by a clock that never jumps. */
  readonly elapsedMs: () => number;
}

/** The routes of contract 7.1, each with what it is for. */
const ROUTES: readonly (readonly ["GET" | "POST", string, Route])[] = [
  ["POST", "/:zone/identity/auth/tokens", "token"],
  ["GET", "/:zone/loadbalancer/client/api", "command"],
  ["GET", "/:zone/loadbalancer/api", "command-legacy-path"],
  ["GET", "/:zone/loadbalancers", "balancers"],
  ["GET", "/:zone/loadbalancers/:id/servers", "servers"],
];

/** Builds the routes. */
export function createSimulatorApp(simulation: Simulation): Hono {
  const app = new Hono();
  addHealth(app, () => true);
  addControls(app, simulation);
  addPage(app, simulation);
  for (const [method, path, route] of ROUTES) {
    app.on(method, path, (c) => counted(simulation.counts, () => answerApi(c, simulation, route)));
  }
  app.notFound(() => notFound(simulation.counts));
  return app;
}

async function counted(counts: Counts, respond: () => Promise<Response>): Promise<Response> {
  counts.inFlight += 1;
  counts.inFlightMax = Math.max(counts.inFlightMax, counts.inFlight);
  try {
    return await respond();
  } finally {
    counts.inFlight -= 1;
  }
}

async function answerApi(c: Context, simulation: Simulation, route: Route): Promise<Response> {
  const { cloud, counts } = simulation;
  const path = { zone: c.req.param("zone") ?? "", id: c.req.param("id") };
  const asked = readAsked(route, c.req.url, path);
  if (asked === undefined || !isServed(cloud, asked)) return notFound(counts);
  const record = recordOf(asked, simulation);
  if (record !== undefined) countCall(counts, record);
  const sent = {
    token: c.req.header("x-auth-token"),
    body: c.req.method === "POST" ? await c.req.text() : "",
    counts,
  };
  const fault = faultOf(cloud, asked, sent);
  const contentType = contentTypeOf(cloud.settings.zone(asked.zone));
  const trueAnswer = () => answer(cloud, asked, sent);
  if (fault !== undefined) counts.faulty += 1;
  const response =
    fault === undefined
      ? send(trueAnswer(), contentType)
      : await sendFaulty(fault, {
          trueAnswer,
          contentType,
          envelope: envelopeOf(cloud, asked),
          sent: `${sent.token ?? null} ${sent.body}`,
          nowMs: cloudTime(cloud, asked),
        });
  response.headers.set("date", new Date(cloudTime(cloud, asked)).toUTCString());
  if (record !== undefined && fault?.kind !== "reset") record.status = response.status;
  return response;
}

function faultOf(
  cloud: Cloud,
  asked: Asked,
  sent: { readonly token: string | undefined; readonly body: string },
): Fault | undefined {
  const { faults } = cloud.settings.knobs;
  if (faults.length === 0) return undefined;
  return cloud.faults.choose(faults, { ...asked, account: accountOf(cloud, asked, sent) });
}

function isServed(cloud: Cloud, { dialect, zone }: Asked): boolean {
  return dialect === undefined || speaks(cloud.settings.zone(zone), dialect);
}

function notFound(counts: Counts): Response {
  counts.notFound += 1;
  return send(SERVICE_NOT_FOUND, contentTypeOf({ contentType: "json" }));
}

function recordOf(
  { call, prefix, dialect, lbId }: Asked,
  { cloud, elapsedMs }: Simulation,
): CallRecord | undefined {
  if (call === undefined) return undefined;
  return {
    atMs: cloud.now(),
    elapsedMs: elapsedMs(),
    zone: prefix,
    call,
    ...(dialect === undefined ? {} : { dialect }),
    ...(lbId === undefined ? {} : { lbId }),
    status: 0,
  };
}
