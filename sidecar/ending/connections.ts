/** The connection table of the pod's network -> one look at each connection that is asked for. */
import { readFileSync } from "node:fs";
import type { TcpState } from "./receipts.ts";

/** The client's end of a connection to our listener. */
export interface Peer {
  readonly address: string;
  readonly port: number;
  /** Where the kernel lists it: an IPv4 client of a dual-stack listener stands in `tcp6`. */
  readonly table: "tcp" | "tcp6";
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

/** Where the kernel shows them: files of /proc/self/net, proc(5). A test gives its own. */
export type Read = (name: "tcp" | "tcp6" | "snmp") => Buffer;

const readProc: Read = (name) => readFileSync(`/proc/self/net/${name}`);

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

/** Connections that were reset in ESTABLISHED or CLOSE_WAIT since the network began. */
function countResets(read: Read): number {
  const lines = read("snmp").toString("latin1").split("\n");
  const [names, values] = lines.filter((line) => line.startsWith("Tcp:")).map((l) => l.split(" "));
  const resets = Number(values?.[names?.indexOf("EstabResets") ?? -1]);
  if (!Number.isInteger(resets)) throw new TypeError("/proc/self/net/snmp has no Tcp EstabResets");
  return resets;
}

/**
 * Looks at the connections of these peers to our port. Throws where the tables cannot be read. A row can be
 * missed while others come and go, so that one which is not there is looked for twice. It takes
 * the longer the more connections the pod has, so its callers pace it.
 */
export function lookAt(peers: readonly Peer[], port: number, read: Read = readProc): Table {
  const resetsBefore = countResets(read);
  const rows = new Map<string, Row>();
  const ours = hexPort(port);
  for (const name of ["tcp6", "tcp"] as const) {
    for (let times = 0; times < 2; times++) {
      const missing = peers.filter((peer) => peer.table === name && !rows.has(keyOf(peer)));
      if (missing.length > 0) addRows(rows, missing, { text: read(name), ours });
    }
  }
  return { rows, resetsBefore, resetsAfter: countResets(read) };
}

function addRows(
  rows: Map<string, Row>,
  peers: readonly Peer[],
  { text, ours }: { readonly text: Buffer; readonly ours: string },
): void {
  for (const peer of peers) {
    const address = peer.table === "tcp" ? hexOf4(peer.address) : hexOf6(peer.address);
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
function hexOf4(address: string): string {
  return hexWord(address.split(".").map(Number));
}

function hexOf6(address: string): string {
  if (!address.includes(":")) return `0000000000000000FFFF0000${hexOf4(address)}`;
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
