/** Requests under `/-/` -> the simulator's knobs, counters and calls as JSON. */
import type { Hono } from "hono";
import { get, methodNotAllowed } from "../../../shared/http.ts";
import type { Cloud } from "./cloud.ts";
import type { Counts } from "./counts.ts";
import { parseJson } from "./json.ts";
import type { Knobs } from "./knobs.ts";
import { mergeKnobs, settingsOf, shownKnobs } from "./settings.ts";

/** What the controls turn and show. */
export interface Controlled {
  readonly cloud: Cloud;
  readonly counts: Counts;
  /** The knobs it was started with. */
  readonly faithful: Knobs;
}

/** Adds the controls. */
export function addControls(app: Hono, controlled: Controlled): void {
  const { cloud, counts } = controlled;
  const shown = () => shownKnobs(cloud.settings.knobs);
  app.get("/-/knobs", (c) => c.json(shown()));
  app.put("/-/knobs", async (c) => {
    const problem = turnKnobs(cloud, parseJson(await c.req.text()) ?? "");
    return problem === undefined ? c.json(shown()) : c.text(`${problem}\n`, 400);
  });
  app.all("/-/knobs", (c) => methodNotAllowed(c, "GET, HEAD, PUT"));
  app.post("/-/reset", (c) => {
    resetKnobs(controlled);
    return c.json(shown());
  });
  app.all("/-/reset", (c) => methodNotAllowed(c, "POST"));
  app.post("/-/revoke-tokens", (c) => {
    cloud.tokens.revokeAll();
    return c.text("ok\n");
  });
  app.all("/-/revoke-tokens", (c) => methodNotAllowed(c, "POST"));
  get(app, "/-/counters", (c) => c.json(counters(controlled)));
  get(app, "/-/calls", (c) => c.json(counts.recent));
}

/** The counters without the single calls, which are many. */
export function counters({ cloud, counts }: Pick<Controlled, "cloud" | "counts">) {
  const { recent: _, ...rest } = counts;
  const faults = cloud.settings.knobs.faults.map((fault) => cloud.faults.tallyOf(fault).struck);
  return { ...rest, tokensIssued: cloud.tokens.issued(), faults };
}

/** Changes some knobs, or says what is wrong and changes nothing. */
export function turnKnobs(cloud: Cloud, change: unknown): string | undefined {
  const result = mergeKnobs(cloud.settings.knobs, change);
  if ("problem" in result) return result.problem;
  cloud.settings = settingsOf(result.knobs);
  return undefined;
}

/** Turns everything back to how it was at the start; tokens and counters stay. */
export function resetKnobs({ cloud, faithful }: Pick<Controlled, "cloud" | "faithful">): void {
  cloud.settings = settingsOf(faithful);
}
