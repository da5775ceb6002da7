/** The untrusted items of the "command" lists -> load balancers and servers, one by one (contract 8.1, 9). */
import { z } from "zod";
import { ident, label, lower, metric, readItems, state, upper } from "./items.ts";

/** A load balancer as the cloud lists it. */
export interface LoadBalancer {
  readonly id: string;
  readonly name: string;
  readonly serviceIp: string;
  readonly servicePort: string;
  readonly serviceType: string;
  readonly option: string;
  readonly healthcheckType: string;
  /** The cloud's own word, which tells of the servers behind (contract 3.9); empty where there is none. */
  readonly state: string;
  /** `undefined` where the cloud gave no number that can be read. */
  readonly connections: number | undefined;
  readonly requestsPerSecond: number | undefined;
}

/** A server behind a load balancer; a number is `undefined` where the cloud gave none that can be read. */
export interface Server {
  readonly ip: string;
  readonly port: string;
  readonly state: string;
  readonly connections: number | undefined;
  /** Raw, its unit is disputed (contract 3.8); only "command" has it. */
  readonly throughputRate: number | undefined;
  readonly averageTtfbMs: number | undefined;
  readonly requestsPerSecond: number | undefined;
  /** Bytes per second; only "rest" has them. */
  readonly requestByteRate: number | undefined;
  readonly responseByteRate: number | undefined;
}

/** What was read of one list. */
export interface Listing<T> {
  /** Readable items, each key once. */
  readonly items: readonly T[];
  /** How many different items the cloud listed, readable or not. */
  readonly listed: number;
  readonly unreadable: number;
  /** Items that repeated the key of another. */
  readonly duplicates: number;
  /** How many items the cloud said there are, where it said so. */
  readonly claimed: number | undefined;
}

/**
 * 1 where the cloud's word means that it works, 0 for any other word (contract 3.9); `undefined` where there is
 * no word: nobody knows then, and a renamed key must not look like an outage of everything.
 */
export function upValue({ state: word }: Pick<LoadBalancer | Server, "state">): number | undefined {
  return word === "" ? undefined : Number(word.toUpperCase() === "UP");
}

const loadBalancer = z
  .object({
    loadbalancerid: ident,
    name: label,
    serviceip: label,
    serviceport: label,
    servicetype: upper,
    loadbalanceroption: upper,
    healthchecktype: lower,
    state,
    establishedconn: metric,
    requestsrate: metric,
  })
  .transform(
    (item): LoadBalancer => ({
      id: item.loadbalancerid,
      name: item.name,
      serviceIp: item.serviceip,
      servicePort: item.serviceport,
      serviceType: item.servicetype,
      option: item.loadbalanceroption,
      healthcheckType: item.healthchecktype,
      state: item.state,
      connections: item.establishedconn,
      requestsPerSecond: item.requestsrate,
    }),
  );

const server = z
  .object({
    ipaddress: ident,
    publicport: ident,
    state,
    cursrvrconnections: metric,
    throughputrate: metric,
    avgsvrttfb: metric,
    requestsrate: metric,
  })
  .transform(
    (item): Server => ({
      ip: item.ipaddress,
      port: item.publicport,
      state: item.state,
      connections: item.cursrvrconnections,
      throughputRate: item.throughputrate,
      averageTtfbMs: item.avgsvrttfb,
      requestsPerSecond: item.requestsrate,
      requestByteRate: undefined,
      responseByteRate: undefined,
    }),
  );

/** Reads load balancers; of two with one id the last one stays. */
export function readLoadBalancers(items: readonly unknown[]) {
  return readItems(items, loadBalancer, balancerKey);
}

/** Reads servers; of two with one address and port the last one stays. */
export function readServers(items: readonly unknown[]) {
  return readItems(items, server, serverKey);
}

/** What tells load balancers apart: names and addresses may repeat (contract 6.3). */
export function balancerKey({ id }: LoadBalancer): string {
  return id;
}

/** What tells the servers of one load balancer apart. */
export function serverKey({ ip, port }: Server): string {
  return JSON.stringify([ip, port]);
}
