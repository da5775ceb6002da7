/** Knobs and a change of them -> the next knobs, and what they come to in a zone or for a load balancer. */
import { z } from "zod";
import { KT_ZONES, ZONE_NAMES, type ZoneName } from "../zones.ts";
import { balancerNumber } from "./ids.ts";
import {
  type BalancerKnobs,
  type Defined,
  type KnobChange,
  type Knobs,
  knobChange,
  type ZoneKnobs,
} from "./knobs.ts";

/** The faithful cloud of contract 7.3. */
export function defaultKnobs(fleet: { loadBalancers: number; servers: number }): Knobs {
  return {
    dialect: "both",
    loadBalancers: fleet.loadBalancers,
    servers: fleet.servers,
    numbers: "number",
    oddNumbers: {},
    emptyShape: "array",
    singleAsObject: false,
    count: "right",
    states: "normal",
    duplicateServers: 0,
    duplicateBalancers: 0,
    names: "normal",
    drift: true,
    ids: "number",
    ports: "documented",
    envelopeCase: "lower",
    fieldCase: "documented",
    keyBlank: false,
    pagination: "present",
    contentType: "json",
    tokenTtlSeconds: 3600,
    tokenStatus: 201,
    expiresAt: "present",
    clockSkewSeconds: 0,
    rateLimit: null,
    faults: [],
    accounts: [],
    zones: {},
    balancers: {},
  };
}

/** The current knobs with the given ones over them, or what is wrong in words. */
export function mergeKnobs(
  current: Knobs,
  change: unknown,
): { readonly knobs: Knobs } | { readonly problem: string } {
  const result = knobChange.safeParse(change);
  if (!result.success) return { problem: z.prettifyError(result.error) };
  const knobs: Knobs = { ...current, ...defined(result.data) };
  const accounts = knobs.accounts.map(({ account, password }) => ({
    account,
    password: password ?? current.accounts.find((one) => one.account === account)?.password,
  }));
  const problem = problemOf(accounts, knobs);
  return problem === undefined ? { knobs: { ...knobs, accounts } } : { problem };
}

function problemOf(accounts: Knobs["accounts"], { balancers }: Knobs): string | undefined {
  const open = accounts.findIndex(({ password }) => password === undefined);
  if (open >= 0) return `✖ A new account needs a password\n  → at accounts[${open}].password`;
  const names = accounts.map(({ account }) => account);
  const twice = names.findIndex((name, index) => names.indexOf(name) < index);
  if (twice >= 0) return `✖ The account is there already\n  → at accounts[${twice}].account`;
  const stranger = Object.keys(balancers).find((id) => balancerNumber(id) === undefined);
  if (stranger === undefined) return undefined;
  const key = JSON.stringify(stranger);
  return `✖ Not the number or the UUID of a load balancer: ${key}\n  → at balancers[${key}]`;
}

/** The knobs as they may be shown: without passwords. */
export function shownKnobs(knobs: Knobs): KnobChange {
  return { ...knobs, accounts: knobs.accounts.map(({ account }) => ({ account })) };
}

/** Knobs worked out for whoever answers; made anew at each change. */
export interface Settings {
  readonly knobs: Knobs;
  readonly zone: (name: ZoneName) => ZoneKnobs;
  /** What is set for one load balancer, by its number. */
  readonly balancer: (id: number) => BalancerKnobs;
  /** How the lists of one load balancer are written: its own knobs over those of its zone. */
  readonly over: (name: ZoneName, id: number) => ZoneKnobs;
}

const NOTHING: BalancerKnobs = {};

/** Works out what the knobs come to. */
export function settingsOf(knobs: Knobs): Settings {
  const zones = new Map(
    ZONE_NAMES.map((name) => {
      const own = knobs.zones[KT_ZONES[name]];
      return [name, own === undefined ? knobs : { ...knobs, ...defined(own) }] as const;
    }),
  );
  const balancers = new Map(
    Object.entries(knobs.balancers).map(([id, own]) => [balancerNumber(id), defined(own)] as const),
  );
  const zone = (name: ZoneName) => zones.get(name) ?? knobs;
  return {
    knobs,
    zone,
    balancer: (id) => balancers.get(id) ?? NOTHING,
    over: (name, id) => {
      const own = balancers.get(id);
      return own === undefined ? zone(name) : { ...zone(name), ...own };
    },
  };
}

/** Without keys whose value is `undefined`, which would cover what lies below. */
function defined<T extends object>(value: T): Defined<T> {
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(entries) as Defined<T>;
}
