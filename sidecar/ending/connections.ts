/** The connection table of the pod's network -> one look at each connection that is asked for. */
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { TcpState } from "./receipts.ts";

/** The client's end of a connection to our listener. */
export interface Peer {
  readonly address: string;
  readonly port: number;
}

/** One row of the table, as far as it matters. */
export interface Row {
  readonly state: TcpState;
  readonly unacknowledged: number;
  readonly inode: number;
}

/** All rows that were asked for at one time. */
export interface Table {
  /** By {@link keyOf}; a connection that is not there is gone. */
  readonly rows: ReadonlyMap<string, Row>;
  readonly resetsBefore: number;
  readonly resetsAfter: number;
}

/** Where the kernel shows them; proc(5). A test gives its own. */
export interface Source {
  read(name: "tcp" | "tcp6"): Promise<Buffer>;
  /** /proc/net/snmp. */
  counters(): string;
}

export const PROC: Source = {
  read: (name) => readFile(`/proc/self/net/${name}`),
  counters: () => readFileSync("/proc/self/net/snmp", "latin1"),
};

/** The numbers of include/net/tcp_states.h. */
const STATES: Readonly<Record<string, TcpState>> = {
  "01": "ESTABLISHED",
  "03": "SYN_RECV",
  "04": "FIN_WAIT1",
  "05": "FIN_WAIT2",
  "06": "TIME_WAIT",
  "08": "CLOSE_WAIT",
  "09": "LAST_ACK",
  "0B": "CLOSING",
};

/** Tells connections apart as long as each one lasts. */
export function keyOf({ address, port }: Peer): string {
  return `${address} ${port}`;
}

/** Connections that were reset in ESTABLISHED or CLOSE_WAIT since the network began. Throws if it cannot be read. */
export function countResets(source: Source = PROC): number {
  const lines = source
    .counters()
    .split("\n")
    .filter((line) => line.startsWith("Tcp:"));
  const [names, values] = lines.map((line) => line.split(" "));
  const resets = Number(values?.[names?.indexOf("EstabResets") ?? -1]);
  if (!Number.isInteger(resets)) throw new TypeError("/proc/net/snmp has no Tcp EstabResets");
  return resets;
}

/**
 * Looks at the connections of these peers to our port. Rejects where the tables cannot be read. A row can be
 * missed while others come and go, so that one which is not there is looked for twice.
 */
export async function lookAt(
  peers: readonly Peer[],
  { port, source = PROC }: { readonly port: number; readonly source?: Source },
): Promise<Table> {
  const resetsBefore = countResets(source);
  const rows = new Map<string, Row>();
  const missing = () => peers.filter((peer) => !rows.has(keyOf(peer)));
  for (let times = 0; times < 2 && missing().length > 0; times++) {
    for (const name of ["tcp6", "tcp"] as const) {
      if (missing().length === 0) break;
      addRows(rows, { text: await readTable(source, name), peers: missing(), port, name });
    }
  }
  return { rows, resetsBefore, resetsAfter: countResets(source) };
}

/** A kernel without IPv6 has no table of it. */
async function readTable(source: Source, name: "tcp" | "tcp6"): Promise<Buffer> {
  try {
    return await source.read(name);
  } catch (error) {
    if (name === "tcp6") return Buffer.alloc(0);
    throw error;
  }
}

interface Search {
  readonly text: Buffer;
  readonly peers: readonly Peer[];
  readonly port: number;
  readonly name: "tcp" | "tcp6";
}

function addRows(rows: Map<string, Row>, { text, peers, port, name }: Search): void {
  const ours = hexPort(port);
  for (const peer of peers) {
    const address = name === "tcp" ? hexOf4(peer.address) : hexOf6(peer.address);
    if (address === undefined) continue;
    // Found by bytes, as a table of 50,000 connections has 7 MB; then read as a line.
    const at = text.indexOf(`:${ours} ${address}:${hexPort(peer.port)} `);
    if (at >= 0) rows.set(keyOf(peer), parseRow(text.toString("latin1", at, at + 160)));
  }
}

/** `:local remote:port st tx:rx tr:when retrnsmt uid timeout inode …` */
function parseRow(text: string): Row {
  const [, , state = "", queues = "", , , , , inode] = text.trim().split(/\s+/);
  return {
    state: STATES[state] ?? "OTHER",
    unacknowledged: Number.parseInt(queues, 16),
    inode: Number(inode),
  };
}

function hexPort(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, "0");
}

/** As the table writes it: each 32 bits in the order of the machine, which is little-endian where Bun runs. */
function hexOf4(address: string): string | undefined {
  const bytes = address.split(".").map(Number);
  return bytes.length === 4 ? hexWord(bytes) : undefined;
}

function hexOf6(address: string): string | undefined {
  if (!address.includes(":")) {
    const four = hexOf4(address);
    return four === undefined ? undefined : `0000000000000000FFFF0000${four}`;
  }
  const [head = "", tail] = (address.split("%", 1)[0] ?? "").split("::");
  const left = groupsOf(head);
  const right = groupsOf(tail ?? "");
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => 0);
  const bytes = [...left, ...zeros, ...right].flatMap((group) => [group >> 8, group & 255]);
  return [0, 4, 8, 12].map((from) => hexWord(bytes.slice(from, from + 4))).join("");
}

function groupsOf(text: string): readonly number[] {
  return text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
}

function hexWord(bytes: readonly number[]): string {
  return Buffer.from(bytes.toReversed()).toString("hex").toUpperCase();
}
