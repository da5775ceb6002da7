/** Seed, zone and time -> load balancers and servers whose numbers drift: always the same ones. */
import { ZONE_NAMES, type ZoneName } from "../zones.ts";

/** How large the fleet of each zone is. */
export interface FleetShape {
  readonly loadBalancers: number;
  readonly servers: number;
  readonly seed: number;
}

/** One server behind a load balancer, in the cloud's own words. */
export interface FleetServer {
  readonly loadbalancerid: number;
  readonly serviceid: number;
  readonly virtualmachineid: string;
  readonly ipaddress: string;
  readonly publicport: string;
  readonly state: "UP" | "DOWN";
  readonly cursrvrconnections: number;
  readonly throughputrate: number;
  readonly avgsvrttfb: number;
  readonly requestsrate: number;
}

/** One load balancer with its servers, in the cloud's own words. */
export interface FleetBalancer {
  readonly facts: Readonly<Record<string, string | number>> & { readonly loadbalancerid: number };
  readonly servers: readonly FleetServer[];
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
  { servicetype: "HTTP", serviceport: "80", healthchecktype: "http", healthcheckurl: "/health" },
  { servicetype: "HTTPS", serviceport: "443", healthchecktype: "https", healthcheckurl: "/health" },
  { servicetype: "TCP", serviceport: "3306", healthchecktype: "tcp", healthcheckurl: "" },
] as const;
const OPTIONS = ["ROUNDROBIN", "LEASTCONNECTION", "SOURCEIPHASH"] as const;

/** The fleet of a zone at a time in milliseconds since the epoch. */
export function fleetAt(shape: FleetShape, zone: ZoneName, atMs: number): FleetBalancer[] {
  const key = { seed: shape.seed, zone: ZONE_NAMES.indexOf(zone) };
  return Array.from({ length: shape.loadBalancers }, (_, index) =>
    balancerAt(shape, { ...key, lb: index }, atMs),
  );
}

/** The load balancer with that id at that time, without building the others. */
export function balancerById(
  shape: FleetShape,
  { zone: name, id }: { readonly zone: ZoneName; readonly id: number },
  atMs: number,
): FleetBalancer | undefined {
  const zone = ZONE_NAMES.indexOf(name);
  const lb = (id - firstId(zone)) / 2;
  if (!Number.isInteger(lb) || lb < 0 || lb >= shape.loadBalancers) return undefined;
  return balancerAt(shape, { seed: shape.seed, zone, lb }, atMs);
}

/** The least load balancer id of a zone, given by its place in the table. */
function firstId(zone: number): number {
  return 38_000 + zone * 20_000;
}

interface BalancerKey {
  readonly seed: number;
  readonly zone: number;
  readonly lb: number;
}

function balancerAt(shape: FleetShape, key: BalancerKey, atMs: number): FleetBalancer {
  const { seed, zone, lb } = key;
  const id = firstId(zone) + lb * 2;
  const pick = hash(seed, zone, lb);
  const type = TYPES[(lb + seed) % TYPES.length] ?? TYPES[0];
  const servers = Array.from({ length: shape.servers }, (_, index) =>
    serverAt(key, { id, index, port: type.serviceport }, atMs),
  );
  const total = (of: (server: FleetServer) => number) =>
    servers.reduce((sum, server) => sum + of(server), 0);
  const round = Math.floor(lb / SERVICES.length) + 1;
  const facts = {
    loadbalancerid: id,
    name: `${SERVICES[lb % SERVICES.length] ?? "web"}-lb-${round}`,
    zoneid: ZONE_NAMES[zone] ?? "",
    zonename: ZONE_NAMES[zone] ?? "",
    networkid: uuid(hash(seed, zone)),
    serviceip: `172.25.${Math.floor(lb / 250)}.${1 + (lb % 250)}`,
    ...type,
    loadbalanceroption: OPTIONS[pick % OPTIONS.length] ?? OPTIONS[0],
    // Tells of the servers, not of the load balancer (contract 3.9).
    state: servers.some(({ state }) => state === "UP") ? "UP" : "DOWN",
    establishedconn: total((server) => server.cursrvrconnections),
    requestsrate: total((server) => server.requestsrate),
    ciphergroupname: type.servicetype === "HTTPS" ? "Recommend-2025-05" : "",
    certificatename: "",
    clientIpYn: "N",
    sslv2: "",
    sslv3: "",
    tlsv1: "",
    tlsv11: "",
    tlsv12: "",
    tag: "",
  };
  return { facts, servers };
}

function serverAt(
  key: BalancerKey,
  { id, index, port }: { id: number; index: number; port: string },
  atMs: number,
): FleetServer {
  const own = hash(key.seed, key.zone, key.lb, index);
  const up = !isDown(key, index);
  const number = (salt: number, base: number) =>
    up ? Math.round(base * drift(hash(own, salt), atMs)) : 0;
  return {
    loadbalancerid: id,
    serviceid: 260_000 + key.zone * 20_000_000 + key.lb * 1000 + index,
    virtualmachineid: uuid(own),
    ipaddress: `172.25.${100 + (key.lb % 100)}.${1 + (index % 250)}`,
    publicport: index < 250 ? port : String(8000 + index),
    state: up ? "UP" : "DOWN",
    cursrvrconnections: number(1, 10 + (own % 90)),
    throughputrate: number(2, 200 + (own % 1800)),
    avgsvrttfb: number(3, 8 + (own % 60)),
    requestsrate: number(4, 20 + (own % 300)),
  };
}

/** The fifth of each six load balancers is down as a whole; elsewhere about one server in eight. */
function isDown({ seed, zone, lb }: BalancerKey, index: number): boolean {
  return lb % 6 === 4 || (lb * 5 + index * 3 + seed + zone) % 8 === 0;
}

/** A factor from 0.6 to 1.4 that takes minutes to change: two waves whose phases hang on the key. */
function drift(key: number, atMs: number): number {
  const wave = (periodMs: number, phase: number) =>
    Math.sin(2 * Math.PI * (atMs / periodMs + phase));
  return 1 + 0.25 * wave(300_000, (key % 1000) / 1000) + 0.15 * wave(47_000, (key % 777) / 777);
}

/** FNV-1a over whole numbers, and MurmurHash3's last mix, so that neighbours are nothing alike. */
function hash(...parts: readonly number[]): number {
  let sum = parts.reduce((left, part) => Math.imul(left ^ part, 0x01000193), 0x811c9dc5);
  sum = Math.imul(sum ^ (sum >>> 16), 0x85ebca6b);
  sum = Math.imul(sum ^ (sum >>> 13), 0xc2b2ae35);
  return (sum ^ (sum >>> 16)) >>> 0;
}

function uuid(key: number): string {
  const hex = hash(key, 1).toString(16).padStart(8, "0");
  const tail = hash(key, 2).toString(16).padStart(12, "0");
  return `${hex}-0000-4000-8000-${tail}`;
}
