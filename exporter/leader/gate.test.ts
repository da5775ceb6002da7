import { expect, test } from "bun:test";
import { answerGate, createGate } from "./gate.ts";

test("createGate() gives the answer of the other end, each time anew and in order", async () => {
  const { port1, port2 } = new MessageChannel();
  const answers = [true, false, true];
  answerGate(port1, () => answers.shift() ?? false);
  const may = createGate(port2);
  expect(await Promise.all([may(), may(), may(), may()])).toEqual([true, false, true, false]);
  port1.close();
});

test("createGate() takes a yes for a no that was long under way", async () => {
  const { port1, port2 } = new MessageChannel();
  answerGate(port1, () => true);
  let nowMs = 0;
  const may = createGate(port2, { maxAgeMs: 500, monotonicNow: () => nowMs });
  const late = may();
  nowMs = 501;
  expect(await late).toBe(false);
  expect(await may()).toBe(true);
  port1.close();
});
