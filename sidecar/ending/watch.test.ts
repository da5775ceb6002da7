import { expect, test } from "bun:test";
import { createLogger } from "../../shared/log.ts";
import { eventually } from "../../shared/testing/eventually.ts";
import { keyOf, type Peer, type Table } from "./connections.ts";
import { type Handed, ReceiptWatch } from "./watch.ts";

const PEER: Peer = { address: "10.0.0.1", port: 40_000, table: "tcp" };
const HANDED: Handed = {
  peer: PEER,
  scraper: "a",
  held: { format: "f", page: { bytes: new Uint8Array(), headers: new Headers(), asOfMs: 0 } },
};

/** A watch over a table that the test decides, which takes so long to read. */
function watch(read: () => Table, tookMs = 0) {
  let nowMs = 0;
  const received: Handed[] = [];
  const seen = { looks: 0, closed: 0, warned: 0 };
  const log = {
    ...createLogger({ level: "error", format: "text" }),
    warn: () => void seen.warned++,
  };
  const receipts = new ReceiptWatch({
    port: () => 1,
    closeIdle: () => void seen.closed++,
    onReceived: (one) => void received.push(one),
    log,
    nowMs: () => nowMs + performance.now(),
    look: () => {
      seen.looks++;
      nowMs += tookMs;
      return read();
    },
  });
  /** Hands one answer over, as the proxy does. */
  const hand = () => {
    const before = receipts.sending(PEER);
    if (before !== undefined) receipts.handed(HANDED, before);
  };
  return { receipts, received, seen, hand };
}

const row = (state: "ESTABLISHED" | "TIME_WAIT" | "CLOSE_WAIT", unacknowledged = 0): Table => ({
  rows: new Map([[keyOf(PEER), { state, unacknowledged, inode: 1 }]]),
  resetsBefore: 0,
  resetsAfter: 0,
});

test("nobody looks while the pod lives; what was handed over last is looked for when it ends", async () => {
  const { receipts, received, seen, hand } = watch(() => row("TIME_WAIT"));
  for (let i = 0; i < 100; i++) hand();
  await Bun.sleep(20);
  expect(seen.looks).toBe(0);
  receipts.begin();
  await eventually("a receipt", () => received.length > 0);
  await Bun.sleep(20);
  expect([received.length, seen.looks]).toEqual([1, 1]);
});

test("an idle connection with all of its answer is asked to close, once", async () => {
  const { receipts, received, seen, hand } = watch(() => row("ESTABLISHED"));
  receipts.begin();
  hand();
  await eventually("our FIN", () => seen.closed > 0);
  await Bun.sleep(50);
  receipts.stop();
  expect([seen.closed, received.length]).toEqual([1, 0]);
});

test("a client that has ended its side before the answer went is not looked for", async () => {
  const { receipts, received, seen, hand } = watch(() => row("CLOSE_WAIT"));
  receipts.begin();
  hand();
  await Bun.sleep(20);
  expect([seen.looks, received.length]).toEqual([1, 0]);
});

test("where a look takes 30 ms, at most a tenth of the time goes into looks", async () => {
  const { receipts, seen, hand } = watch(() => row("ESTABLISHED", 5), 30);
  receipts.begin();
  hand();
  await Bun.sleep(600);
  receipts.stop();
  expect(seen.looks).toBeWithin(2, 5);
});

test("where the tables cannot be read it says so once, and takes what was handed over for received", async () => {
  const { receipts, received, seen, hand } = watch(() => {
    throw new Error("no /proc");
  });
  receipts.begin();
  for (let i = 0; i < 3; i++) hand();
  await eventually("three receipts", () => received.length === 3);
  expect(seen.warned).toBe(1);
});
