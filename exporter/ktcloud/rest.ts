/** The "rest" generation of the load balancer API (contract 4): pages and resources -> checked lists. */

import { isObject, type JsonObject, normaliseKeys } from "./answer.ts";
import type { LoadBalancerApi } from "./api.ts";
import type { Client } from "./client.ts";
import { ident } from "./items.ts";
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

/** The smallest page that is known, the default: a list of fewer was not cut into pages (contract 4.1). */
const SMALLEST_PAGE = 20;

/**
 * All pages. `pagination.offset` is of unknown meaning and not used. Where neither a total nor a size is told,
 * or the total is too low, pages are asked for until one brings nothing new: a part of a list must not pass
 * for the whole (contract 4.1).
 */
async function readPages(client: Client, cycle: Cycle, pageSize: number): Promise<RawList> {
  const operation = "list_load_balancers" as const;
  const items: unknown[] = [];
  const seen = new Set<string>();
  let claimed: number | undefined;
  for (let page = 1; page <= MAX_PAGES; page += 1) {
    const path = `/loadbalancers?page=${page}&size=${pageSize}`;
    const { items: found, total, size } = readPage(await client.get(operation, path, cycle));
    claimed = total ?? claimed;
    const whole = { operation, key: "data", items, claimed } as const;
    const news = idsOn(found).filter((id) => !seen.has(id));
    if (news.length === 0) return checkWhole(whole);
    for (const id of news) seen.add(id);
    items.push(...found);
    if (items.length === total) return whole;
    const mayBeMore = total === undefined ? size === undefined : items.length < total;
    if (!mayBeMore && found.length < (size ?? pageSize)) return whole;
  }
  throw unreadable(operation, `no end of the list after ${MAX_PAGES} pages`);
}

/**
 * The ids on a page. What has none cannot tell whether it was on a page before, so that a page of nothing else
 * is neither news nor an end.
 */
function idsOn(page: readonly unknown[]): readonly string[] {
  const ids = page.flatMap((item) => {
    const id = ident.safeParse(isObject(item) ? normaliseKeys(item).loadbalancerid : undefined);
    return id.success ? [id.data] : [];
  });
  if (page.length === 0 || ids.length > 0) return ids;
  throw unreadable("list_load_balancers", `none of the ${page.length} items in data can be read`);
}

function checkWhole(list: RawList): RawList {
  const { operation, items, claimed = 0 } = list;
  if (items.length >= claimed || items.length < SMALLEST_PAGE) return list;
  throw unreadable(operation, `the list ended after ${items.length} of ${claimed} load balancers`);
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
