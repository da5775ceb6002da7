/** Name, version, zone and state -> the small HTML page at `/`. */
import { html } from "hono/html";
import type { Readiness } from "../shared/http.ts";

/** What a person who opens the exporter in a browser sees. */
export function landingPage(facts: {
  readonly version: string;
  readonly zone: string;
  readonly telemetryPath: string;
  readonly state: Readiness;
}) {
  const { version, zone, telemetryPath, state } = facts;
  return html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>KT Cloud LB exporter</title>
<h1>KT Cloud LB exporter</h1>
<p>Version ${version}, zone ${zone}. ${state === true ? "Ready." : `Not ready: ${state}.`}</p>
<ul>
<li><a href="${telemetryPath}">${telemetryPath}</a>: the load balancers</li>
<li><a href="/-/metrics">/-/metrics</a>: the exporter itself</li>
<li><a href="/-/ready">/-/ready</a>, <a href="/-/healthy">/-/healthy</a></li>
</ul>
</html>
`;
}
