/** Seed, zone, account and place of a load balancer <-> its number and its UUID. */
import { ZONE_NAMES, type ZoneName } from "../zones.ts";
import { hash } from "./hash.ts";

/** Which load balancer of the made-up world is meant. */
export interface FleetKey {
  readonly seed: number;
  readonly zone: ZoneName;
  /** Whose it is: 0 for the account of the flags, from 1 for those of the knob. */
  readonly account: number;
  /** Its place in the fleet, from 0. */
  readonly place: number;
}

/** Numbers go in steps of two, as gaps are what real ones have: 10,000 in a zone. */
const FIRST = 38_000;
const PER_ZONE = 20_000;
const PER_ACCOUNT = 200_000;
const UUID = /^[0-9a-f]{8}-0000-4000-8000-([0-9a-f]{12})$/i;

/** The number by which the command dialect knows it. Unique over zones and accounts. */
export function balancerId({ zone, account, place }: FleetKey): number {
  return FIRST + account * PER_ACCOUNT + ZONE_NAMES.indexOf(zone) * PER_ZONE + place * 2;
}

/** The UUID by which the rest dialect knows the same load balancer. */
export function balancerUuid(seed: number, id: number): string {
  return uuidOf(hash(seed, id), id);
}

/** A UUID that ends in the number it stands for, so that no two are alike. */
export function uuidOf(head: number, tail: number): string {
  return `${hex(head, 8)}-0000-4000-8000-${hex(tail, 12)}`;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}

/** The number in a decimal text or in a UUID of a load balancer, or `undefined`. */
export function balancerNumber(text: string): number | undefined {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  const tail = UUID.exec(text)?.[1];
  return tail === undefined ? undefined : Number.parseInt(tail, 16);
}

/** Whose load balancer in which zone and place has that number, if one can have it. */
export function keyOfId(seed: number, id: number): FleetKey | undefined {
  const rest = id - FIRST;
  const zone = ZONE_NAMES[Math.floor((rest % PER_ACCOUNT) / PER_ZONE)];
  const place = (rest % PER_ZONE) / 2;
  if (!Number.isInteger(place) || rest < 0 || zone === undefined) return undefined;
  return { seed, zone, account: Math.floor(rest / PER_ACCOUNT), place };
}
