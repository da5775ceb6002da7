/** The knobs -> the sections of the page that show and turn them. */
import { html } from "hono/html";
import { KT_ZONES, ZONE_NAMES, type ZoneName } from "../zones.ts";
import type { Cloud } from "./cloud.ts";
import type { Controlled } from "./controls.ts";
import type { KnobInfo } from "./describe.ts";
import { FORM_KNOBS, fieldText } from "./form.ts";
import { balancerId } from "./ids.ts";
import type { ZoneKnobs } from "./knobs.ts";
import { BALANCER_PRESETS, CLOUD_PRESETS } from "./presets.ts";
import { shownKnobs } from "./settings.ts";

/** Whether it is the faithful cloud, or what is not as it was at the start. */
export function turnedSection({ cloud, faithful }: Controlled) {
  const before: Readonly<Record<string, unknown>> = { ...faithful };
  const turned = Object.entries(shownKnobs(cloud.settings.knobs)).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name]),
  );
  if (turned.length === 0) {
    return html`<p class="state"><b>Faithful.</b> It answers as the cloud is documented.</p>`;
  }
  return html`<div class="state turned"><b>Not faithful.</b> Turned since the start:
<pre>${turned.map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`)}</pre>
<form method="post" action="/" class="buttons">${button("faithful", "Back to faithful", "Every knob as it was at the start.")}${button("calm", "End the faults only", "No faults and no rate limit; shapes and fleet stay.")}</form>
</div>`;
}

const REVOKE = {
  label: "Revoke all tokens",
  about: "Every token issued so far is a 401 from now on.",
};

/** Buttons that make trouble. */
export function troubleSection() {
  return html`<section>
<h2>Make trouble</h2>
<form method="post" action="/" class="buttons">
${Object.entries(CLOUD_PRESETS).map(([name, { label, about }]) => button(name, label, about))}
${button("revoke", REVOKE.label, REVOKE.about)}
</form>
<h3>For one load balancer</h3>
<form method="post" action="/" class="buttons">
<input name="lbId" aria-label="Number or UUID" title="Number or UUID" value="${balancerId({ seed: 0, zone: "DX-M1", account: 0, place: 0 })}">
${Object.entries(BALANCER_PRESETS).map(([name, { label, about }]) => button(name, label, about))}
</form>
<details><summary>What each does</summary><ul>
${[...Object.values(CLOUD_PRESETS), REVOKE, ...Object.values(BALANCER_PRESETS)].map(
  ({ label, about }) => html`<li><b>${label}:</b> ${about}</li>`,
)}
</ul></details>
</section>`;
}

function button(action: string, label: string, about: string) {
  return html`<button name="action" value="${action}" title="${about}">${label}</button>`;
}

/** A form of every knob with a choice or a number, for all zones or for one. */
export function knobsSection({ settings }: Cloud, zone: ZoneName | undefined) {
  const prefix = zone === undefined ? "" : KT_ZONES[zone];
  const shown = zone === undefined ? settings.knobs : settings.zone(zone);
  const own = prefix === "" ? {} : (settings.knobs.zones[prefix] ?? {});
  return html`<section id="knobs">
<h2>Knobs</h2>
<nav>${zoneLink("", "All zones", zone === undefined)}${ZONE_NAMES.map((name) =>
    zoneLink(KT_ZONES[name], name, name === zone),
  )}</nav>
<form method="post" action="/">
<input type="hidden" name="zone" value="${prefix}">
<div class="knobs">${FORM_KNOBS.map((knob) => field(knob, shown, Object.hasOwn(own, knob.name)))}</div>
<button class="main" name="action" value="knobs">Turn ${zone === undefined ? "for all zones" : `for ${zone} only`}</button>
</form>
</section>`;
}

function zoneLink(prefix: string, label: string, isCurrent: boolean) {
  const href = prefix === "" ? "/#knobs" : `/?zone=${prefix}#knobs`;
  if (isCurrent) return html`<a href="${href}" aria-current="page">${label}</a>`;
  return html`<a href="${href}">${label}</a>`;
}

function field({ name, meaning, allowed }: KnobInfo, shown: ZoneKnobs, isChanged: boolean) {
  const value = fieldText(shown, name);
  const input =
    allowed.kind === "choice"
      ? html`<select name="${name}">${allowed.values.map((one) => option(String(one), value))}</select>`
      : html`<input name="${name}" inputmode="numeric" value="${value}">`;
  return html`<label class="${isChanged ? "changed" : ""}"><span>${name}</span>${input}<small>${meaning.replaceAll("`", "")}</small></label>
`;
}

function option(value: string, current: string) {
  if (value === current) return html`<option selected>${value}</option>`;
  return html`<option>${value}</option>`;
}

/** Command lines for everything else. */
export function curlSection({ settings, credentials }: Cloud, base: string) {
  const knobs = `${base}/-/knobs`;
  const login = JSON.stringify({
    auth: {
      identity: {
        methods: ["password"],
        password: {
          user: { domain: { id: "default" }, name: credentials.account, password: "PASSWORD" },
        },
      },
      scope: { project: { domain: { id: "default" }, name: credentials.account } },
    },
  });
  return html`<section>
<h2>By curl</h2>
<p>Every knob, those of single zones and load balancers and all faults included: <a href="/-/knobs">/-/knobs</a>.
What a change does not name stays as it is; lists and objects are replaced as a whole.</p>
<pre>curl ${knobs}
curl -X PUT ${knobs} -d '{"zones":{"d2":{"dialect":"rest","numbers":"string"}}}'
curl -X PUT ${knobs} -d '{"faults":[{"kind":"status","status":503,"body":"html","after":10,"times":3,"zone":"d1"}]}'
curl -X PUT ${knobs} -d '{"balancers":{"38002":{"servers":0,"emptyShape":"missing"}}}'
curl -X POST ${base}/-/reset
curl -X POST ${base}/-/revoke-tokens</pre>
<p>Ask as a client does; the simulator knows ${1 + settings.knobs.accounts.length} account(s):</p>
<pre>TOKEN=$(curl -s -o /dev/null -D - ${base}/d1/identity/auth/tokens -H 'content-type: application/json' \\
  -d '${login.replaceAll("'", "'\\''")}' | sed -n 's/^x-subject-token: *//Ip' | tr -d '\\r')
curl -H "x-auth-token: $TOKEN" '${base}/d1/loadbalancer/client/api?command=listLoadBalancers&amp;response=json'
curl -H "x-auth-token: $TOKEN" '${base}/d1/loadbalancers?page=1&amp;size=2000'</pre>
</section>`;
}
