/** A fleet -> the JSON of a list, in any of the shapes that the wire is suspected of (contract 3.6, 9). */
import type { FleetBalancer, FleetServer } from "./fleet.ts";
import type { Knobs } from "./knobs.ts";

type Item = Readonly<Record<string, unknown>>;

/** The answer to `listLoadBalancers`. */
export function balancerList(fleet: readonly FleetBalancer[], knobs: Knobs): Item {
  const items = fleet.map(({ facts }) => facts);
  return list({ envelope: "listloadbalancersresponse", key: "loadbalancer", items }, knobs);
}

/** The answer to `listLoadBalancerWebServers`. */
export function serverList(servers: readonly FleetServer[], knobs: Knobs): Item {
  const items = servers.map((server, index) => ({ ...server, ...numbers(server, index, knobs) }));
  const envelope = "listloadbalancerwebserversresponse";
  return list({ envelope, key: "loadbalancerwebserver", items }, knobs);
}

function list(
  { envelope, key, items }: { envelope: string; key: string; items: readonly Item[] },
  knobs: Knobs,
): Item {
  const count = items.length + (knobs.count === "wrong" ? 1 : 0);
  const head = knobs.count === "absent" ? {} : { count };
  if (items.length > 0) {
    const body = knobs.singleAsObject && items.length === 1 ? items[0] : items;
    return { [envelope]: { ...head, [key]: body } };
  }
  const empty = {
    array: { ...head, [key]: [] },
    missing: head,
    null: { [key]: null },
    envelope: {},
  };
  return { [envelope]: empty[knobs.emptyShape] };
}

/** The metric fields of a server as the knob wants them; `mixed` walks through every oddity seen. */
function numbers(server: FleetServer, index: number, { numbers: shape }: Knobs): Item {
  const { cursrvrconnections, throughputrate, avgsvrttfb, requestsrate } = server;
  const all = { cursrvrconnections, throughputrate, avgsvrttfb, requestsrate };
  if (shape === "number") return all;
  const asText = Object.fromEntries(
    Object.entries(all).map(([key, value]) => [key, String(value)]),
  );
  if (shape === "string") return asText;
  const oddities: readonly Item[] = [
    { ...asText, requestsrate: "" },
    { ...all, avgsvrttfb: null, throughputrate: throughputrate + 0.5 },
    { ...all, cursrvrconnections: "N/A", requestsrate: ` ${requestsrate} ` },
    // A trailing blank in a key stands in KT's printed documentation (contract 3.3).
    { ...asText, throughputrate: undefined, "throughputrate ": throughputrate, avgsvrttfb: "-" },
  ];
  return oddities[index % oddities.length] ?? all;
}
