import { describe, expect, test } from "bun:test";
import { readLoadBalancers, readServers } from "./schema.ts";

const SERVER = { ipaddress: "172.25.0.178", publicport: "80", state: "UP" };

function connections(value: unknown) {
  return readServers([{ ...SERVER, cursrvrconnections: value }]).items[0]?.connections;
}

describe("a number of a server", () => {
  test.each([
    [15, 15],
    [0, 0],
    [0.5, 0.5],
    ["15", 15],
    [" 15 ", 15],
    ["1.5e2", 150],
    [".5", 0.5],
    ["", undefined],
    [" ", undefined],
    ["-", undefined],
    ["N/A", undefined],
    ["NaN", undefined],
    ["inf", undefined],
    ["0x10", undefined],
    ["1e999", undefined],
    [null, undefined],
    [true, undefined],
    [[5], undefined],
    [{}, undefined],
    [undefined, undefined],
  ])("%p is read as %p", (value, expected) => {
    expect(connections(value)).toBe(expected);
  });
});

describe("readServers()", () => {
  test("reads numbers and text alike, whatever the case and the blanks of keys", () => {
    const item = { IpAddress: "10.0.0.1", " publicport ": 8080, State: " up ", avgSvrTtfb: "34" };
    expect(readServers([item]).items).toEqual([
      {
        ip: "10.0.0.1",
        port: "8080",
        state: "up",
        connections: undefined,
        throughputRate: undefined,
        averageTtfbMs: 34,
        requestsPerSecond: undefined,
        requestByteRate: undefined,
        responseByteRate: undefined,
      },
    ]);
  });

  test("drops and counts what has no address or port, and keeps the rest", () => {
    const bad = [
      null,
      7,
      "x",
      [],
      {},
      { ...SERVER, ipaddress: " " },
      { ...SERVER, publicport: null },
    ];
    const { items, ...counts } = readServers([...bad, SERVER]);
    expect(items).toHaveLength(1);
    expect(counts).toEqual({ listed: 8, unreadable: 7, duplicates: 0 });
  });

  test("keeps the last of two with the same address and port, and counts the other", () => {
    const { items, ...counts } = readServers([SERVER, { ...SERVER, state: "DOWN" }]);
    expect(items.map(({ state }) => state)).toEqual(["DOWN"]);
    expect(counts).toEqual({ listed: 1, unreadable: 0, duplicates: 1 });
  });
});

describe("readLoadBalancers()", () => {
  test("gives ids as text and each word in the case that the original had", () => {
    const item = {
      loadbalancerid: 45486,
      name: " web ",
      serviceip: "172.25.0.181",
      serviceport: 80,
      servicetype: "http",
      loadbalanceroption: "sourceiphash",
      healthchecktype: "TCP",
      state: "Out of Service",
    };
    expect(readLoadBalancers([item]).items).toEqual([
      {
        id: "45486",
        name: "web",
        serviceIp: "172.25.0.181",
        servicePort: "80",
        serviceType: "HTTP",
        option: "SOURCEIPHASH",
        healthcheckType: "tcp",
        state: "Out of Service",
        connections: undefined,
        requestsPerSecond: undefined,
      },
    ]);
  });

  test("needs the id alone; all else is empty where it is missing or of a wrong kind", () => {
    const { items, unreadable } = readLoadBalancers([
      { loadbalancerid: "a", name: {} },
      { name: "x" },
    ]);
    expect(items).toMatchObject([{ id: "a", name: "", serviceIp: "", state: "" }]);
    expect(unreadable).toBe(1);
  });

  test("tells apart the ids and the halves of broken characters that would be written alike", () => {
    const { items, duplicates } = readLoadBalancers([
      { loadbalancerid: "a\ud800" },
      { loadbalancerid: "a\udfff" },
    ]);
    expect(items.map(({ id }) => id)).toEqual(["a\ufffd"]);
    expect(duplicates).toBe(1);
  });

  test("cuts a label that is too long, and takes no id that is: two might be cut to the same", () => {
    const { items, unreadable } = readLoadBalancers([
      { loadbalancerid: "a", name: "n".repeat(1_000_000) },
      { loadbalancerid: "i".repeat(257) },
    ]);
    expect(items.map(({ name }) => name)).toEqual(["n".repeat(256)]);
    expect(unreadable).toBe(1);
  });
});
