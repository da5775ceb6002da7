/** `GET /` -> a page of the simulator's knobs and counters; `POST /`, its forms -> knobs turned. */
import type { Hono } from "hono";
import { html } from "hono/html";
import { methodNotAllowed } from "../../../shared/http.ts";
import { KT_ZONES, type ZoneName } from "../zones.ts";
import { type Controlled, resetKnobs, turnKnobs } from "./controls.ts";
import { type FormAction, readForm, zoneOfField } from "./form.ts";
import { curlSection, knobsSection, troubleSection, turnedSection } from "./page-knobs.ts";
import { countersSection, fleetSection } from "./page-state.ts";
import { STYLE } from "./page-style.ts";

const FORM_TYPE = "application/x-www-form-urlencoded";
const HEADERS = {
  // Nothing on the page comes from elsewhere, and no script runs.
  "content-security-policy":
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  "cache-control": "no-store",
};

/** Adds the page. */
export function addPage(app: Hono, controlled: Controlled): void {
  app.get("/", async (c) => {
    const zone = zoneOfField(c.req.query("zone"));
    const base = new URL(c.req.url).origin;
    return c.html(await renderPage(controlled, { zone, base }), 200, HEADERS);
  });
  app.post("/", async (c) => {
    const type = c.req.header("content-type")?.split(";")[0]?.trim().toLowerCase();
    if (type !== FORM_TYPE) return c.text(`The body must be ${FORM_TYPE}\n`, 415);
    const fields = new URLSearchParams(await c.req.text());
    const problem = perform(controlled, readForm(fields, controlled.cloud.settings));
    if (problem !== undefined) return c.text(`${problem}\n`, 400);
    const zone = zoneOfField(fields.get("zone"));
    return c.redirect(zone === undefined ? "/" : `/?zone=${KT_ZONES[zone]}`, 303);
  });
  app.all("/", (c) => methodNotAllowed(c, "GET, HEAD, POST"));
}

function perform(controlled: Controlled, action: FormAction): string | undefined {
  const { cloud } = controlled;
  switch (action.kind) {
    case "turn":
      return turnKnobs(cloud, action.change);
    case "reset":
      resetKnobs(controlled);
      return undefined;
    case "revoke":
      cloud.tokens.revokeAll();
      return undefined;
    case "problem":
    default:
      return action.problem;
  }
}

/** The whole page. `base` is the address at which the browser found it. */
function renderPage(
  controlled: Controlled,
  { zone, base }: { readonly zone: ZoneName | undefined; readonly base: string },
) {
  const { cloud } = controlled;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Simulated KT Cloud</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>Simulated KT Cloud</h1>
<p>A made-up fleet behind KT Cloud's load balancer API. Point a client at <code>${base}</code>.</p>
</header>
<main>
${turnedSection(controlled)}
${troubleSection()}
${fleetSection(cloud)}
${countersSection(controlled)}
${knobsSection(cloud, zone)}
${curlSection(cloud, base)}
</main>
</body>
</html>
`;
}
