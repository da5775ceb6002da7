import { expect, test } from "bun:test";
import {
  judge,
  type Look,
  remember,
  type Seen,
  type TcpState,
  unseen,
  type Verdict,
} from "./receipts.ts";

/** A look in a story: its state, with what is special of it. */
type Sight = readonly [TcpState, Partial<Look>?];

const at = ([state, more = {}]: Sight, ageMs: number): Look => ({
  state,
  unacknowledged: 0,
  inode: ["GONE", "TIME_WAIT", "FIN_WAIT2"].includes(state) ? 0 : 7,
  resetsBefore: 5,
  resetsAfter: 5,
  ageMs,
  askedAgain: false,
  ...more,
});

/** What is decided by looks that follow each other every 2 ms, and the number of the one that decided. */
function tell(sights: readonly Sight[], from: Seen = unseen(5)): [Verdict, number] {
  let seen = from;
  for (const [i, sight] of sights.entries()) {
    const look = at(sight, 1 + 2 * i);
    const verdict = judge(seen, look);
    if (verdict !== "not yet") return [verdict, i + 1];
    seen = remember(seen, look);
  }
  return ["not yet", sights.length];
}

const WAITING = { unacknowledged: 1000 };
const RESET = { resetsAfter: 6 };

test.each<[string, readonly Sight[], Verdict]>([
  ["closes in order after our FIN", [["ESTABLISHED"], ["FIN_WAIT2"], ["TIME_WAIT"]], "received"],
  ["closed so before anybody looked", [["TIME_WAIT"]], "received"],
  ["closes at the same time as we do", [["ESTABLISHED"], ["CLOSING"], ["TIME_WAIT"]], "received"],
  ["has all and closes first", [["ESTABLISHED", WAITING], ["ESTABLISHED"], ["GONE"]], "received"],
  ["is seen only when it has closed with all of it", [["CLOSE_WAIT"], ["GONE"]], "received"],
  ["reads, closes and is gone at once", [["GONE"]], "received"],
  ["has all and resets", [["ESTABLISHED"], ["GONE", RESET]], "not received"],
  [
    "resets with bytes on their way",
    [
      ["ESTABLISHED", WAITING],
      ["GONE", RESET],
    ],
    "not received",
  ],
  ["resets at once", [["GONE", RESET]], "not received"],
  [
    "resets in CLOSE_WAIT",
    [
      ["CLOSE_WAIT", WAITING],
      ["GONE", RESET],
    ],
    "not received",
  ],
  ["resets in LAST_ACK, which nobody counts", [["LAST_ACK", WAITING], ["GONE"]], "not received"],
  [
    "resets after our FIN, which nobody counts",
    [["ESTABLISHED"], ["FIN_WAIT2"], ["GONE"]],
    "not received",
  ],
  ["resets before our FIN has arrived", [["ESTABLISHED"], ["FIN_WAIT1"], ["GONE"]], "not received"],
  ["resets in CLOSING", [["ESTABLISHED"], ["CLOSING"], ["GONE"]], "not received"],
  ["is gone while another one is reset", [["ESTABLISHED"], ["GONE", RESET]], "not received"],
  [
    "is gone with bytes on their way",
    [["ESTABLISHED", WAITING], ["ESTABLISHED", WAITING], ["GONE"]],
    "not received",
  ],
  ["asks again", [["ESTABLISHED"], ["ESTABLISHED", { askedAgain: true }]], "received"],
  [
    "is followed by another on its port",
    [
      ["ESTABLISHED", WAITING],
      ["ESTABLISHED", { askedAgain: true, inode: 8 }],
    ],
    "not received",
  ],
  [
    "has all and is followed by another on its port",
    [["ESTABLISHED"], ["ESTABLISHED", { inode: 8 }]],
    "received",
  ],
  [
    "asks before anybody looked: it may be another",
    [["ESTABLISHED", { askedAgain: true }]],
    "not yet",
  ],
  [
    "takes nothing",
    [
      ["ESTABLISHED", WAITING],
      ["ESTABLISHED", WAITING],
    ],
    "not yet",
  ],
  ["has all and never looks at it", [["ESTABLISHED"], ["FIN_WAIT2"], ["FIN_WAIT2"]], "not yet"],
])("a client that %s: %j is %s", (_name, sights, verdict) => {
  expect(tell(sights)[0]).toBe(verdict);
});

test("a client that was gone at a look that came late may have had nothing", () => {
  expect(judge(unseen(5), at(["GONE"], 9))).toBe("not received");
});

test("a client that had ended its side before the answer went is not taken for one that read it", () => {
  const unknown: Seen = { ...unseen(-1), state: "OTHER", waiting: 1 };
  expect(tell([["CLOSE_WAIT"], ["GONE"]], unknown)[0]).toBe("not received");
  expect(tell([["ESTABLISHED"], ["GONE"]], unknown)[0]).toBe("received");
  expect(tell([["GONE"]], unknown)[0]).toBe("not received");
});
