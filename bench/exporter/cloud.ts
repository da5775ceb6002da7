/** The simulated cloud, and how large its fleet is. */
import { join } from "node:path";
import type { Place } from "../component.ts";
import { startLogged } from "../executables.ts";

export interface Fleet {
  readonly loadBalancers: number;
  readonly servers: number;
}

/** A cloud that runs; every call of it is answered from one process. */
export interface Cloud {
  readonly url: string;
  /** What a client has to log in with, as environment variables of the exporter. */
  readonly credentials: Readonly<Record<string, string>>;
  setFleet(fleet: Fleet): Promise<void>;
  /** Lets every list be answered that much later. */
  setDelay(ms: number): Promise<void>;
}

/** The page of the bars. A server has five series, a load balancer about five. */
export const LARGE: Fleet = { loadBalancers: 1000, servers: 19 };

/** Fleets by the number of series that their page has. */
export const FLEETS: readonly (readonly [series: string, Fleet])[] = [
  ["1,000", { loadBalancers: 10, servers: 19 }],
  ["10,000", { loadBalancers: 100, servers: 19 }],
  ["100,000", LARGE],
];

const PROGRAM = join(import.meta.dirname, "../../exporter/ktcloud/simulator.ts");
/** The account that the simulator knows where nothing else is said. */
const CREDENTIALS = { CLOUD_ID: "demo@example.com", CLOUD_PASSWORD: "demo-password" };
const LISTS = ["listLoadBalancers", "listLoadBalancerWebServers"];

/**
 * Starts it with the least priority: in the field the cloud is elsewhere, so here it may not take
 * the processors from what is measured.
 */
export async function startCloud({ processes }: Place, fleet: Fleet): Promise<Cloud> {
  const program = ["nice", "-n", "19", process.execPath, PROGRAM];
  const command = [
    ...program,
    "--port=0",
    `--fleet.lbs=${fleet.loadBalancers}`,
    `--fleet.servers=${fleet.servers}`,
    "--log-format=json",
  ];
  const { port } = await startLogged(processes, command, { listener: "simulator" });
  const url = `http://127.0.0.1:${port}`;
  const turn = async (knobs: object) => {
    const body = JSON.stringify(knobs);
    const answer = await fetch(`${url}/-/knobs`, { method: "PUT", body });
    if (!answer.ok) throw new Error(`The simulator refuses ${body}: ${await answer.text()}`);
  };
  return {
    url,
    credentials: { ...CREDENTIALS, CLOUD_ZONE: "DX-M1" },
    setFleet: (changed) => turn(changed),
    setDelay: (ms) =>
      turn({ faults: ms === 0 ? [] : LISTS.map((call) => ({ kind: "delay", call, ms })) }),
  };
}
