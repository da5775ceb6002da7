/** The untrusted items of the "rest" lists -> the same load balancers and servers (contract 4, 6.3). */
import { z } from "zod";
import { ident, label, lower, metric, readItems, state, upper } from "./items.ts";
import { balancerKey, type LoadBalancer, type Server, serverKey } from "./schema.ts";

const loadBalancer = z
  .object({
    loadbalancerid: ident,
    loadbalancername: label,
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
      name: item.loadbalancername,
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
    monitorstate: state,
    curclntconnections: metric,
    avgsvrttfb: metric,
    vsvrservicehitsrate: metric,
    requestbyterate: metric,
    responsebyterate: metric,
  })
  .transform(
    (item): Server => ({
      ip: item.ipaddress,
      port: item.publicport,
      state: item.monitorstate,
      // The clients' side of the same connections: near, but not the same (contract 6.3).
      connections: item.curclntconnections,
      throughputRate: undefined,
      averageTtfbMs: item.avgsvrttfb,
      requestsPerSecond: item.vsvrservicehitsrate,
      requestByteRate: item.requestbyterate,
      responseByteRate: item.responsebyterate,
    }),
  );

/** Reads load balancers; of two with one id the last one stays. */
export function readRestLoadBalancers(items: readonly unknown[]) {
  return readItems(items, loadBalancer, balancerKey);
}

/** Reads servers; of two with one address and port the last one stays. */
export function readRestServers(items: readonly unknown[]) {
  return readItems(items, server, serverKey);
}
