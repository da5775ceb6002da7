/** The fleet, the knobs and a time -> what a zone lists, before it is written in a dialect. */
import type { ZoneName } from "../zones.ts";
import {
  type BalancerFacts,
  balancerFacts,
  isUp,
  NO_LOAD,
  type ServerFacts,
  type ServerLoad,
  serverFacts,
  serverLoad,
} from "./fleet.ts";
import { balancerId, type FleetKey, keyOfId } from "./ids.ts";
import type { BalancerKnobs } from "./knobs.ts";
import type { Settings } from "./settings.ts";

/** Whose zone is looked at, and when. */
export interface Scene {
  readonly settings: Settings;
  readonly seed: number;
  readonly zone: ZoneName;
  readonly account: number;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
}

/** A load balancer as it is to be listed. */
export interface BalancerView extends BalancerFacts {
  /** `null` where the key is to be left out. */
  readonly state: string | null;
  /** Whether the state was set by hand, and is written as it is. */
  readonly stateIsSet: boolean;
  readonly establishedconn: number;
  readonly requestsrate: number;
}

/** A server as it is to be listed. */
export interface ServerView extends ServerFacts, ServerLoad {
  readonly state: string | null;
  readonly stateIsSet: boolean;
}

/** Numbers of a load balancer are sums over so many of its servers, and an estimate beyond. */
const SUMMED = 64;
/** So long do numbers stand still, so that a list of thousands is made once for many calls. */
const STEP_MS = 5000;

/** The time by which the scene's numbers go, in milliseconds since the epoch. */
export function loadTime({ settings, zone, atMs }: Scene): number {
  return settings.zone(zone).drift ? Math.floor(atMs / STEP_MS) * STEP_MS : 0;
}

/** The places of the load balancers that the list holds, in its order; some may come twice. */
export function listedPlaces({ settings, seed, zone, account }: Scene): number[] {
  const { loadBalancers, duplicateBalancers } = settings.zone(zone);
  const places: number[] = [];
  for (let place = 0; place < loadBalancers; place += 1) {
    const { hide } = settings.balancer(balancerId({ seed, zone, account, place }));
    if (hide !== "list" && hide !== "everywhere") places.push(place);
  }
  return [...places, ...places.slice(0, duplicateBalancers)];
}

/** The load balancer at a place. */
export function balancerAt(scene: Scene, place: number): BalancerView {
  const key = keyAt(scene, place);
  const knobs = scene.settings.balancer(balancerId(key));
  const facts = balancerFacts(key, scene.settings.zone(scene.zone).names);
  const positions = positionsOf(scene, knobs);
  const sample = positions.slice(0, SUMMED);
  const loads = sample
    .filter((position) => upAt(key, position, knobs))
    .map((position) => serverLoad(key, position, loadTime(scene)));
  const sum = (field: "cursrvrconnections" | "requestsrate") => {
    const total = loads.reduce((left, load) => left + load[field], 0);
    return Math.round(total * (positions.length / Math.max(1, sample.length)));
  };
  // Tells of the servers, not of the load balancer itself (contract 3.9).
  const up = positions.some((position) => upAt(key, position, knobs));
  return {
    ...facts,
    name: knobs.name ?? facts.name,
    state: knobs.state === undefined ? (up ? "UP" : "DOWN") : knobs.state,
    stateIsSet: knobs.state !== undefined,
    establishedconn: sum("cursrvrconnections"),
    requestsrate: sum("requestsrate"),
  };
}

/** The servers of one load balancer; `undefined` if there is no such one here. */
export function serversOf(
  scene: Scene,
  id: number,
): { readonly facts: BalancerFacts; readonly servers: ServerView[] } | undefined {
  const key = keyOfId(scene.seed, id);
  const zone = scene.settings.zone(scene.zone);
  if (key === undefined || key.zone !== scene.zone || key.account !== scene.account) return;
  const own = scene.settings.balancer(id);
  const gone = own.hide === "servers" || own.hide === "everywhere";
  if (key.place >= zone.loadBalancers || gone) return undefined;
  const servers = positionsOf(scene, own).map((position) => serverAt(scene, key, position));
  const { duplicateServers } = scene.settings.over(scene.zone, id);
  const facts = balancerFacts(key, zone.names);
  return { facts, servers: [...servers, ...servers.slice(0, duplicateServers)] };
}

function serverAt(scene: Scene, key: FleetKey, position: number): ServerView {
  const knobs = scene.settings.balancer(balancerId(key));
  const set = knobs.serverStates?.[position];
  const up = upAt(key, position, knobs);
  return {
    ...serverFacts(key, position),
    state: set === undefined ? (up ? "UP" : "DOWN") : set,
    stateIsSet: set !== undefined,
    ...(up ? serverLoad(key, position, loadTime(scene)) : NO_LOAD),
  };
}

function upAt(key: FleetKey, position: number, { serverStates }: BalancerKnobs): boolean {
  const set = serverStates?.[position];
  return set === undefined ? isUp(key, position) : set?.trim().toUpperCase() === "UP";
}

/** The servers that are there, by their place. */
function positionsOf({ settings, zone }: Scene, own: BalancerKnobs): number[] {
  const count = own.servers ?? settings.zone(zone).servers;
  const all = Array.from({ length: count }, (_, position) => position);
  const gone = own.withoutServers;
  return gone === undefined ? all : all.filter((position) => !gone.includes(position));
}

function keyAt({ seed, zone, account }: Scene, place: number): FleetKey {
  return { seed, zone, account, place };
}
