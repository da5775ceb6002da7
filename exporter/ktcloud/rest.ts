/** The "rest" generation of the load balancer API (contract 4): pages and resources -> checked lists. */

import { isObject, type JsonObject, normaliseKeys } from "./answer.ts";
import type { LoadBalancerApi } from "./api.ts";
import type { Client } from "./client.ts";
import { asArray, asCount, type RawList, readList, unreadable } from "./lists.ts";
import type { Cycle } from "./pacer.ts";
import { readRestLoadBalancers, readRestServers } from "./schema-rest.ts";

/** The most that a client is known to ask for; without it a page holds 20 (contract 4.1). */
const PAGE_SIZE = 2000;

/** 100,000 load balancers: more than that is a cloud that never says it is done. */
const MAX_PAGES = 50;

/** The API of one zone in its "rest" form. */
export function createRestApi(client: Client, { pageSize = PAGE_SIZE } = {}): LoadBalancerApi {
  return {
    dialect: "rest",
    listLoadBalancers: async (cycle) =>
      readList(await readPages(client, cycle, pageSize), readRestLoadBalancers),
    listServers: async (id, cycle) => {
      const operation = "list_servers" as const;
      const path = `/loadbalancers/${encodeURIComponent(id)}/servers`;
      const { data } = await client.get(operation, path, cycle);
      if (!isObject(data)) throw unreadable(operation, "data in the answer is no object");
      const items = asArray(normaliseKeys(data).vm);
      if (items === undefined) throw unreadable(operation, "data.vm is no list");
      return readList({ operation, key: "data.vm", items, claimed: undefined }, readRestServers);
    },
  };
}

/**
 * All pages. `pagination.offset` is of unknown meaning and not used; without a total, or with one that is less
 * than there is, a page that is not full is the last one (contract 4.1).
 */
async function readPages(client: Client, cycle: Cycle, pageSize: number): Promise<RawList> {
  const operation = "list_load_balancers" as const;
  const items: unknown[] = [];
  for (let page = 1; page <= MAX_PAGES; page += 1) {
    const answer = await client.get(
      operation,
      `/loadbalancers?page=${page}&size=${pageSize}`,
      cycle,
    );
    const found = readPage(answer);
    items.push(...found.items);
    const { total, size = pageSize } = found;
    const told = total !== undefined && items.length <= total;
    const done = told ? items.length === total : found.items.length < size;
    if (done || found.items.length === 0) return { operation, key: "data", items, claimed: total };
  }
  throw unreadable(operation, `no end of the list after ${MAX_PAGES} pages`);
}

function readPage({ data, pagination }: JsonObject) {
  const operation = "list_load_balancers";
  // As the envelope of the other generation: its absence is an error, not an empty list.
  if (data === undefined) throw unreadable(operation, "no data in the answer");
  const items = asArray(data);
  if (items === undefined) throw unreadable(operation, "data is no list");
  const { total, size } = isObject(pagination) ? normaliseKeys(pagination) : {};
  return { items, total: asCount(total), size: asCount(size) };
}
