/** A place in the fleet and a time -> a load balancer and its servers: always the same ones. */
import { ZONE_NAMES } from "../zones.ts";
import { hash } from "./hash.ts";
import { balancerId, balancerUuid, type FleetKey, uuidOf } from "./ids.ts";

/** What of a load balancer does not change with time. */
export interface BalancerFacts {
  readonly id: number;
  readonly uuid: string;
  readonly name: string;
  readonly networkId: string;
  readonly ip: string;
  readonly port: string;
  /** `HTTP`, `HTTPS` or `TCP`. */
  readonly type: string;
  /** `ROUNDROBIN` and so on. */
  readonly option: string;
  /** Lower case. */
  readonly healthCheck: string;
  readonly healthCheckUrl: string;
  readonly cipherGroup: string;
}

/** What of a server does not change with time. */
export interface ServerFacts {
  /** Of the tie between this server and its load balancer. */
  readonly serviceId: number;
  readonly vmId: string;
  readonly ip: string;
  readonly port: string;
}

/** The numbers of a server at one time. */
export interface ServerLoad {
  readonly cursrvrconnections: number;
  readonly throughputrate: number;
  readonly avgsvrttfb: number;
  readonly requestsrate: number;
}

/** What services of Korean sites are called: orders, payments, members, search, video, and so on. */
const SERVICES = [
  "jumun-web",
  "gyeolje-api",
  "hoewon-auth",
  "geomsaek-api",
  "baesong-track",
  "쇼핑몰-이미지",
  "donghwasang-cdn",
  "allim-push",
  "yeyak-web",
  "gwanrija-admin",
];
const TYPES = [
  { type: "HTTP", port: "80", healthCheck: "http", healthCheckUrl: "/health" },
  { type: "HTTPS", port: "443", healthCheck: "https", healthCheckUrl: "/health" },
  { type: "TCP", port: "3306", healthCheck: "tcp", healthCheckUrl: "" },
] as const;
const OPTIONS = ["ROUNDROBIN", "LEASTCONNECTION", "SOURCEIPHASH"] as const;

/** What names may hold at the worst; each is 32 characters at most (contract 3.7). */
const HOSTILE_NAMES = [
  'say "hello"',
  "back\\slash\\",
  "two\nlines",
  "tab\tand return\r",
  "부하분산기 '하나'",
  "<script>alert(1)</script>",
  '{a="b",} 1',
  "ratelimit-lb",
  "🙂 emoji",
  "",
  "  blanks  ",
  "bell\u0007 and null\u0000",
];

/** The load balancer at a place. */
export function balancerFacts(key: FleetKey, names: "normal" | "hostile"): BalancerFacts {
  const { seed, place } = key;
  const zone = zoneIndex(key);
  const id = balancerId(key);
  const type = typeOf(key);
  return {
    id,
    uuid: balancerUuid(seed, id),
    name: names === "normal" ? nameOf(place) : (HOSTILE_NAMES[place % HOSTILE_NAMES.length] ?? ""),
    networkId: uuidOf(hash(ownSeed(key), zone), zone),
    ip: `172.25.${Math.floor(place / 250)}.${1 + (place % 250)}`,
    ...type,
    option: OPTIONS[hash(ownSeed(key), zone, place) % OPTIONS.length] ?? OPTIONS[0],
    cipherGroup: type.type === "HTTPS" ? "Recommend-2025-05" : "",
  };
}

/** The server at a position, from 0, behind the load balancer at a place. */
export function serverFacts(key: FleetKey, position: number): ServerFacts {
  const { account, place } = key;
  const zone = zoneIndex(key);
  const serviceId = 260_000 + account * 100_000_000 + zone * 20_000_000 + place * 1000 + position;
  return {
    serviceId,
    vmId: uuidOf(hash(ownSeed(key), zone, place, position), serviceId),
    ip: `172.25.${100 + (place % 100)}.${1 + (position % 250)}`,
    port: position < 250 ? typeOf(key).port : String(8000 + position),
  };
}

/** Whether a server is up: the fifth of each six load balancers has none, elsewhere one in eight is down. */
export function isUp(key: FleetKey, position: number): boolean {
  const { seed, place } = key;
  if (place % 6 === 4) return false;
  return (place * 5 + position * 3 + seed + zoneIndex(key)) % 8 !== 0;
}

/** The load of a server that is up, at a time in milliseconds since the epoch. */
export function serverLoad(key: FleetKey, position: number, atMs: number): ServerLoad {
  const own = hash(ownSeed(key), zoneIndex(key), key.place, position);
  const number = (salt: number, base: number) => Math.round(base * drift(hash(own, salt), atMs));
  return {
    cursrvrconnections: number(1, 10 + (own % 90)),
    throughputrate: number(2, 200 + (own % 1800)),
    avgsvrttfb: number(3, 8 + (own % 60)),
    requestsrate: number(4, 20 + (own % 300)),
  };
}

/** The load of a server that is down. */
export const NO_LOAD: ServerLoad = {
  cursrvrconnections: 0,
  throughputrate: 0,
  avgsvrttfb: 0,
  requestsrate: 0,
};

function nameOf(place: number): string {
  const round = Math.floor(place / SERVICES.length) + 1;
  return `${SERVICES[place % SERVICES.length] ?? "web"}-lb-${round}`;
}

function typeOf({ seed, place }: FleetKey) {
  return TYPES[(place + seed) % TYPES.length] ?? TYPES[0];
}

function zoneIndex({ zone }: FleetKey): number {
  return ZONE_NAMES.indexOf(zone);
}

/** Another account's fleet is another one. */
function ownSeed({ seed, account }: FleetKey): number {
  return seed + account * 7919;
}

/** A factor from 0.6 to 1.4 that takes minutes to change: two waves whose phases hang on the key. */
function drift(key: number, atMs: number): number {
  const wave = (periodMs: number, phase: number) =>
    Math.sin(2 * Math.PI * (atMs / periodMs + phase));
  return 1 + 0.25 * wave(300_000, (key % 1000) / 1000) + 0.15 * wave(47_000, (key % 777) / 777);
}
