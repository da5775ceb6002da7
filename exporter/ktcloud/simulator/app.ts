/** The simulated cloud's routes: its API under each zone's prefix, and its own controls under `/-/`. */
import { type Context, Hono } from "hono";
import { addHealth, get, methodNotAllowed } from "../../../shared/http.ts";
import { type ZoneName, zoneOfPrefix } from "../zones.ts";
import { answerCommand, answerLogin, type Cloud, refuseToken } from "./cloud.ts";
import { type Answer, gatewayError, send, sendFaulty } from "./faults.ts";
import { parseJson } from "./json.ts";
import { CALLS, type Call, type Fault, mergeKnobs } from "./knobs.ts";

/** What the simulator has seen since it started. */
export interface Counts {
  /** Requests by call. */
  readonly calls: Record<Call, number>;
  inFlight: number;
  inFlightMax: number;
}

/** Nothing seen yet. */
export function createCounts(): Counts {
  const calls = { token: 0, listLoadBalancers: 0, listLoadBalancerWebServers: 0 };
  return { calls, inFlight: 0, inFlightMax: 0 };
}

/** Builds the routes. */
export function createSimulatorApp(cloud: Cloud, counts: Counts): Hono {
  const app = new Hono();
  addHealth(app, () => true);
  addControls(app, cloud, counts);
  const api = (c: Context) => counted(counts, () => answerApi(c, cloud, counts));
  app.post("/:zone/identity/auth/tokens", api);
  app.get("/:zone/loadbalancer/client/api", api);
  app.notFound(() => send(gatewayError(404, "Service Not Found")));
  return app;
}

function addControls(app: Hono, cloud: Cloud, counts: Counts): void {
  app.get("/-/knobs", (c) => c.json(cloud.knobs));
  app.put("/-/knobs", async (c) => {
    const result = mergeKnobs(cloud.knobs, parseJson(await c.req.text()) ?? "");
    if ("problem" in result) return c.text(`${result.problem}\n`, 400);
    cloud.knobs = result.knobs;
    return c.json(cloud.knobs);
  });
  app.all("/-/knobs", (c) => methodNotAllowed(c, "GET, HEAD, PUT"));
  app.post("/-/revoke-tokens", (c) => {
    cloud.tokens.revokeAll();
    return c.text("ok\n");
  });
  app.all("/-/revoke-tokens", (c) => methodNotAllowed(c, "POST"));
  get(app, "/-/counters", (c) => c.json({ ...counts, tokensIssued: cloud.tokens.issued() }));
}

async function counted(counts: Counts, answer: () => Promise<Response>): Promise<Response> {
  counts.inFlight += 1;
  counts.inFlightMax = Math.max(counts.inFlightMax, counts.inFlight);
  try {
    return await answer();
  } finally {
    counts.inFlight -= 1;
  }
}

async function answerApi(c: Context, cloud: Cloud, counts: Counts): Promise<Response> {
  const prefix = c.req.param("zone") ?? "";
  const zone = zoneOfPrefix(prefix);
  if (zone === undefined) return send(gatewayError(404, "Service Not Found"));
  const query = new URL(c.req.url).searchParams;
  const call = callOf(c.req.method, query);
  if (call !== undefined) counts.calls[call] += 1;
  const body = c.req.method === "POST" ? await c.req.text() : "";
  const answer = () => trueAnswer(c, { cloud, zone, query, body });
  const lbId = query.get("loadbalancerid") ?? undefined;
  const fault = cloud.knobs.faults.find((one) => fits(one, { call, lbId, prefix }));
  if (fault === undefined) return send(answer());
  const seen = new Request("http://cloud/", { method: "POST", headers: c.req.raw.headers, body });
  return await sendFaulty(fault, answer, seen);
}

function trueAnswer(
  c: Context,
  call: { cloud: Cloud; zone: ZoneName; query: URLSearchParams; body: string },
): Answer {
  const { cloud, zone, query, body } = call;
  if (c.req.method === "POST") return answerLogin(cloud, zone, body);
  const token = c.req.header("x-auth-token");
  return refuseToken(cloud, zone, token) ?? answerCommand(cloud, zone, query);
}

function callOf(method: string, query: URLSearchParams): Call | undefined {
  if (method === "POST") return "token";
  return CALLS.find((call) => call === query.get("command"));
}

function fits(
  fault: Fault,
  asked: { call: Call | undefined; lbId: string | undefined; prefix: string },
): boolean {
  return (
    (fault.call === undefined || fault.call === asked.call) &&
    (fault.lbId === undefined || fault.lbId === asked.lbId) &&
    (fault.zone === undefined || fault.zone === asked.prefix)
  );
}
