import { expect, test } from "bun:test";
import { keyOf, lookAt, type Peer, type Read } from "./connections.ts";

// As Linux 6.18 prints them, for a listener on port 19090 (4A92).
const HEAD =
  "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
const TCP = `${HEAD}   0: 0100007F:4A92 00000000:0000 0A 00000000:00000000 00:00000000 00000000 65532        0 11 1 0 100 0 0 10 0
   1: 0100007F:4A92 0203000A:9C40 01 00000A20:00000000 00:00000000 00000000 65532        0 4242 1 0 20 4 30 10 -1
   2: 0100007F:4A93 0203000A:9C41 01 00000000:00000000 00:00000000 00000000 65532        0 4243 1 0 20 4 30 10 -1
`;
const TCP6 = `${HEAD}   0: 0000000000000000FFFF00000100007F:4A92 0000000000000000FFFF00000203000A:9C42 06 00000000:00000000 03:00001770 00000000     0        0 0 3 0
   1: B80D0120000000000000000001000000:4A92 B80D0120000000000000000002000000:9C43 08 00000000:00000001 00:00000000 00000000 65532        0 4244 1 0 20 4 30 10 -1
`;
const SNMP = `Ip: Forwarding DefaultTTL\nIp: 1 64\nTcp: RtoAlgorithm EstabResets CurrEstab\nTcp: 1 17 3\n`;

const read: Read = (name) => Buffer.from({ tcp: TCP, tcp6: TCP6, snmp: SNMP }[name]);
const peer = (address: string, port: number, table: Peer["table"] = "tcp"): Peer => ({
  address,
  port,
  table,
});

test.each<[string, Peer, unknown]>([
  [
    "an IPv4 connection",
    peer("10.0.3.2", 40_000),
    { state: "ESTABLISHED", unacknowledged: 2592, inode: 4242 },
  ],
  ["one to another port of ours", peer("10.0.3.2", 40_001), undefined],
  [
    "an IPv4 client of a dual-stack listener",
    peer("10.0.3.2", 40_002, "tcp6"),
    { state: "TIME_WAIT", unacknowledged: 0, inode: 0 },
  ],
  [
    "an IPv6 connection",
    peer("2001:db8::2", 40_003, "tcp6"),
    { state: "CLOSE_WAIT", unacknowledged: 0, inode: 4244 },
  ],
  ["one that is not there", peer("10.0.3.2", 40_004), undefined],
])("lookAt() finds %s", (_name, who, row) => {
  const table = lookAt([who], 19_090, read);
  expect(table.rows.get(keyOf(who))).toEqual(row as never);
  expect([table.resetsBefore, table.resetsAfter]).toEqual([17, 17]);
});

test("lookAt() reads a table again before it takes a connection for gone", () => {
  const tables = [HEAD, TCP];
  const changing: Read = (name) =>
    name === "tcp" ? Buffer.from(tables.shift() ?? "") : read(name);
  expect(lookAt([peer("10.0.3.2", 40_000)], 19_090, changing).rows.size).toBe(1);
});

test("lookAt() throws where the tables cannot be read, or do not count resets", () => {
  const nothing: Read = () => Buffer.from("");
  expect(() => lookAt([], 19_090, nothing)).toThrow("EstabResets");
});

test("lookAt() sees a real connection of this machine, on both kinds of listener", async () => {
  for (const [hostname, table] of [
    ["127.0.0.1", "tcp"],
    ["::", "tcp6"],
  ] as const) {
    using server = Bun.listen({ hostname, port: 0, socket: { data: () => {} } });
    const client = await Bun.connect({
      hostname: "127.0.0.1",
      port: server.port,
      socket: { data: () => {} },
    });
    const who = peer("127.0.0.1", client.localPort, table);
    expect(lookAt([who], server.port).rows.get(keyOf(who))?.state).toBe("ESTABLISHED");
    client.end();
  }
});
