/** The untrusted items of a list -> load balancers and servers, one by one (contract 8.1, 9). */
import { z } from "zod";
import { isObject, normaliseKeys } from "./answer.ts";

/** A number or a numeric string; all else is `undefined`, so that no sample is written. */
const metric = z
  .unknown()
  .optional()
  .transform((value): number | undefined => {
    const number = typeof value === "string" ? numeric(value.trim()) : value;
    return typeof number === "number" && Number.isFinite(number) ? number : undefined;
  });

function numeric(text: string): number | undefined {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

/** Text or a whole number that is not empty, as text; without it the item is worth nothing. */
const ident = z.union([z.string().trim().min(1), z.number().int()]).transform(String);

/** Text for a label; empty where there is none. */
const label = z
  .unknown()
  .optional()
  .transform((value) =>
    typeof value === "string" || typeof value === "number" ? String(value).trim() : "",
  );

/** The clouds' words in one spelling each, so that a change of case starts no new series. */
const upper = label.transform((text) => text.toUpperCase());
const lower = label.transform((text) => text.toLowerCase());

const loadBalancer = z
  .object({
    loadbalancerid: ident,
    name: label,
    serviceip: label,
    serviceport: label,
    servicetype: upper,
    loadbalanceroption: upper,
    healthchecktype: lower,
    state: upper,
  })
  .transform((item) => ({
    id: item.loadbalancerid,
    name: item.name,
    serviceIp: item.serviceip,
    servicePort: item.serviceport,
    serviceType: item.servicetype,
    option: item.loadbalanceroption,
    healthcheckType: item.healthchecktype,
    /** `UP`, `DOWN` or another word, in upper case; says how its servers are (contract 3.9). */
    state: item.state,
  }));

const server = z
  .object({
    ipaddress: ident,
    publicport: ident,
    state: upper,
    cursrvrconnections: metric,
    throughputrate: metric,
    avgsvrttfb: metric,
    requestsrate: metric,
  })
  .transform((item) => ({
    ip: item.ipaddress,
    port: item.publicport,
    state: item.state,
    connections: item.cursrvrconnections,
    /** Raw, its unit is disputed (contract 3.8). */
    throughputRate: item.throughputrate,
    averageTtfbMs: item.avgsvrttfb,
    requestsPerSecond: item.requestsrate,
  }));

/** A load balancer as the cloud lists it. */
export type LoadBalancer = Readonly<z.output<typeof loadBalancer>>;

/** A server behind a load balancer; a number is `undefined` where the cloud gave none. */
export type Server = Readonly<z.output<typeof server>>;

/** What was read of one list. */
export interface Listing<T> {
  /** Readable items, each key once. */
  readonly items: readonly T[];
  /** How many items the cloud listed, readable or not. */
  readonly listed: number;
  /** How many of them could not be read, or repeated the key of another. */
  readonly dropped: number;
}

/** Reads load balancers; of two with one id the last one stays. */
export function readLoadBalancers(items: readonly unknown[]): Listing<LoadBalancer> {
  return readItems(items, loadBalancer, ({ id }) => id);
}

/** Reads servers; of two with one address and port the last one stays. */
export function readServers(items: readonly unknown[]): Listing<Server> {
  return readItems(items, server, ({ ip, port }) => `${ip} ${port}`);
}

function readItems<T>(
  items: readonly unknown[],
  schema: z.ZodType<T>,
  keyOf: (item: T) => string,
): Listing<T> {
  const read = new Map<string, T>();
  for (const item of items) {
    const result = schema.safeParse(isObject(item) ? normaliseKeys(item) : item);
    if (result.success) read.set(keyOf(result.data), result.data);
  }
  return { items: [...read.values()], listed: items.length, dropped: items.length - read.size };
}
