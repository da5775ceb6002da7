/** The fields of a form on the page -> what to do: turn knobs, reset, revoke tokens; or what is wrong. */
import { KT_ZONES, type ZoneName, type ZonePrefix, zoneOfPrefix } from "../zones.ts";
import { describeKnobs, type KnobInfo } from "./describe.ts";
import { balancerNumber } from "./ids.ts";
import { type KnobChange, type Knobs, ZONE_KNOBS, type ZoneKnobs } from "./knobs.ts";
import { BALANCER_PRESETS, CLOUD_PRESETS } from "./presets.ts";
import type { Settings } from "./settings.ts";

/** What a form asks for. */
export type FormAction =
  | { readonly kind: "turn"; readonly change: KnobChange }
  | { readonly kind: "reset" | "revoke" }
  | { readonly kind: "problem"; readonly problem: string };

/** The knobs that a form can hold: those with a choice or a number. */
export const FORM_KNOBS: readonly KnobInfo[] = describeKnobs(ZONE_KNOBS).filter(
  ({ allowed }) => allowed.kind !== "other",
);

/** Reads a form. */
export function readForm(fields: URLSearchParams, settings: Settings): FormAction {
  const { knobs } = settings;
  const action = fields.get("action") ?? "";
  const preset = ownOf(CLOUD_PRESETS, action);
  if (preset !== undefined) return { kind: "turn", change: preset.change };
  const ofBalancer = ownOf(BALANCER_PRESETS, action);
  if (ofBalancer !== undefined) {
    const lbId = fields.get("lbId")?.trim() ?? "";
    if (balancerNumber(lbId) === undefined) {
      const given = JSON.stringify(lbId);
      return { kind: "problem", problem: `Not the number or UUID of a load balancer: ${given}` };
    }
    return { kind: "turn", change: ofBalancer.change(lbId, knobs) };
  }
  switch (action) {
    case "faithful":
      return { kind: "reset" };
    case "revoke":
      return { kind: "revoke" };
    case "calm":
      return { kind: "turn", change: { faults: [], rateLimit: null } };
    case "knobs":
      return turnFields(fields, settings);
    default:
      return { kind: "problem", problem: `No action is called ${JSON.stringify(action)}` };
  }
}

/** The zone that a form or a page is about; `undefined` for all of them. */
export function zoneOfField(text: string | null | undefined): ZoneName | undefined {
  return zoneOfPrefix(text ?? "");
}

/** What a form's field for a knob holds. */
export function fieldText(knobs: ZoneKnobs, name: string): string {
  const value = knobs[name as keyof ZoneKnobs];
  return typeof value === "object" ? "" : String(value);
}

function ownOf<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

/** Turns only what differs from what the page showed, so that zones do not get what they inherit. */
function turnFields(fields: URLSearchParams, settings: Settings): FormAction {
  const { knobs } = settings;
  const zone = zoneOfField(fields.get("zone"));
  const shown = zone === undefined ? knobs : settings.zone(zone);
  const change: Record<string, unknown> = {};
  for (const { name, allowed } of FORM_KNOBS) {
    const text = fields.get(name);
    if (text === null || text === fieldText(shown, name)) continue;
    const value =
      allowed.kind === "choice"
        ? (allowed.values.find((one) => String(one) === text) ?? text)
        : numberOr(text);
    change[name] = value;
  }
  return { kind: "turn", change: zone === undefined ? change : inZone(knobs, zone, change) };
}

function inZone(knobs: Knobs, zone: ZoneName, change: object): KnobChange {
  const prefix: ZonePrefix = KT_ZONES[zone];
  return { zones: { ...knobs.zones, [prefix]: { ...knobs.zones[prefix], ...change } } };
}

/** A number, or the text as it is, which the schema then refuses by name. */
function numberOr(text: string): number | string {
  return text.trim() === "" || Number.isNaN(Number(text)) ? text : Number(text);
}
