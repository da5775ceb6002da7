/** The simulator's state -> the sections of the page that show it: fleet, counters. */
import { html } from "hono/html";
import { KT_ZONES, ZONE_NAMES, type ZoneName } from "../zones.ts";
import type { Cloud } from "./cloud.ts";
import { type Controlled, counters } from "./controls.ts";
import { balancerId, balancerUuid } from "./ids.ts";
import { listedPlaces, type Scene } from "./view.ts";

/** What each zone holds and how to call it. */
export function fleetSection(cloud: Cloud) {
  return html`<section>
<h2>Fleet</h2>
<div class="scroll"><table>
<tr><th>Zone</th><th>Prefix</th><th>Speaks</th><th class="number">Load balancers</th><th class="number">Servers of each</th><th>The first one</th></tr>
${ZONE_NAMES.map((zone) => fleetRow(cloud, zone))}
</table></div>
</section>`;
}

function fleetRow(cloud: Cloud, zone: ZoneName) {
  const { settings, seed } = cloud;
  const knobs = settings.zone(zone);
  const scene: Scene = { settings, seed, zone, account: 0, atMs: 0 };
  const places = listedPlaces(scene);
  const id = places[0] === undefined ? undefined : balancerId({ ...scene, place: places[0] });
  return html`<tr><td>${zone}</td><td><code>${KT_ZONES[zone]}</code></td><td>${knobs.dialect}</td>
<td class="number">${places.length}</td><td class="number">${knobs.servers}</td>
<td>${id === undefined ? "none" : html`<code>${id}</code> or <code>${balancerUuid(seed, id)}</code>`}</td></tr>`;
}

/** What it has seen. */
export function countersSection(controlled: Controlled) {
  const seen = counters(controlled);
  const totals = [
    ["Tokens issued", seen.tokensIssued],
    ["Unauthorised", seen.unauthorised],
    ["Over the rate limit", seen.rateLimited],
    ["Got a fault", seen.faulty],
    ["Not found", seen.notFound],
    ["In flight", seen.inFlight],
    ["In flight at most", seen.inFlightMax],
  ] as const;
  const rows = ZONE_NAMES.map((zone) => ({ zone, calls: seen.byZone[KT_ZONES[zone]] }));
  return html`<section>
<h2>Calls since the start</h2>
<div class="scroll"><table>
<tr><th>Zone</th><th class="number">Logins</th><th class="number">Lists of load balancers</th><th class="number">Lists of servers</th></tr>
${rows.map(({ zone, calls }) => callsRow(zone, calls))}
${callsRow("All", seen.calls)}
</table></div>
<p>${totals.map(([name, value], index) => html`${index > 0 ? " · " : ""}${name}: <b>${value}</b>`)}</p>
<p class="quiet"><a href="/-/counters">All counters</a> and <a href="/-/calls">the last calls</a> as JSON.</p>
</section>`;
}

function callsRow(name: string, calls: ReturnType<typeof counters>["calls"]) {
  return html`<tr><td>${name}</td><td class="number">${calls.token}</td>
<td class="number">${calls.listLoadBalancers}</td><td class="number">${calls.listLoadBalancerWebServers}</td></tr>`;
}
