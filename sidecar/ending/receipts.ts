/**
 * What the kernel's connection table showed, look by look -> whether the answer on that connection was received.
 *
 * Handed to the kernel is not received. The kernel knows more: our FIN goes out after all of our bytes, a
 * client that still has unread bytes when it closes sends a reset, and a reset in ESTABLISHED or CLOSE_WAIT is
 * counted (`EstabResets`: RFC 4022, tcpEstabResets), one in any other state is not.
 *
 * | what is seen | means |
 * |---|---|
 * | the next request came on the same connection | received: a client reads an answer before it asks again |
 * | TIME_WAIT | received: the client closed in order after our FIN |
 * | gone, last seen in FIN_WAIT1, FIN_WAIT2 or CLOSING | not received: a reset, or the client never closed |
 * | gone, last seen in ESTABLISHED, CLOSE_WAIT or LAST_ACK, and a reset was counted since | not received |
 * | the same, no reset counted, and a look at ESTABLISHED or CLOSE_WAIT saw nothing unacknowledged | received |
 * | the same, and no look did | not received; but received where it was gone soon, and no look saw any unacknowledged |
 * | anything else | not yet |
 *
 * A wrong "not received" costs another scrape; a wrong "received" costs what the pod counted last.
 */

/** States of /proc/net/tcp (include/net/tcp_states.h of Linux), and `GONE`: no such row. */
export type TcpState =
  | "ESTABLISHED"
  | "SYN_RECV"
  | "FIN_WAIT1"
  | "FIN_WAIT2"
  | "TIME_WAIT"
  | "CLOSE_WAIT"
  | "LAST_ACK"
  | "CLOSING"
  | "OTHER"
  | "GONE";

/** One look at one connection. */
export interface Look {
  readonly state: TcpState;
  /** Bytes that the client's kernel has not acknowledged. */
  readonly unacknowledged: number;
  /** Tells connections with the same addresses and ports apart; 0 where no process holds it any more. */
  readonly inode: number;
  /** `EstabResets` of the pod's network, read before the row and after it. */
  readonly resetsBefore: number;
  readonly resetsAfter: number;
  /** Milliseconds since the answer was handed over. */
  readonly ageMs: number;
  /** Whether a request came after the answer from the same address and port. */
  readonly askedAgain: boolean;
}

export type Verdict = "received" | "not received" | "not yet";

/** What earlier looks have shown. */
export interface Seen {
  readonly state: TcpState;
  readonly inode: number;
  /** Resets that were counted before the last look at which the connection was there. */
  readonly resets: number;
  /** Looks that saw bytes on their way, and whether one saw none while a reset would have been counted. */
  readonly waiting: number;
  readonly acknowledged: boolean;
}

/** Of a connection that was ESTABLISHED when the answer was handed over, with `EstabResets` as it stood then. */
export function unseen(resets: number): Seen {
  return { state: "ESTABLISHED", inode: 0, resets, waiting: 0, acknowledged: false };
}

/** A client that reads and closes at once is gone so soon; a look that came late must not rely on that. */
const SOON_MS = 8;

const CLOSED_BY_US: ReadonlySet<TcpState> = new Set(["FIN_WAIT1", "FIN_WAIT2", "CLOSING"]);
const COUNTED: ReadonlySet<TcpState> = new Set(["ESTABLISHED", "CLOSE_WAIT"]);

/** What a look means after those before it. */
export function judge(seen: Seen, look: Look): Verdict {
  const another = seen.inode !== 0 && look.inode !== 0 && seen.inode !== look.inode;
  if (another) return judgeGone(seen, look);
  if (look.askedAgain && look.inode !== 0 && seen.inode === look.inode) return "received";
  if (look.state === "TIME_WAIT") return "received";
  return look.state === "GONE" ? judgeGone(seen, look) : "not yet";
}

function judgeGone(seen: Seen, look: Look): Verdict {
  if (CLOSED_BY_US.has(seen.state)) return "not received";
  if (look.resetsAfter !== seen.resets) return "not received";
  if (seen.acknowledged) return "received";
  return seen.waiting === 0 && look.ageMs <= SOON_MS ? "received" : "not received";
}

/** What is known after a look that did not decide. */
export function remember(seen: Seen, look: Look): Seen {
  const counted = COUNTED.has(look.state);
  // A client that had ended its side before the answer came takes all of it and may read none.
  const opened = look.state === "ESTABLISHED" || seen.state === "ESTABLISHED";
  // Our FIN is one more to be acknowledged.
  const waits = look.unacknowledged > (counted ? 0 : 1);
  return {
    state: look.state,
    inode: look.inode === 0 ? seen.inode : look.inode,
    resets: look.resetsBefore,
    waiting: seen.waiting + (waits ? 1 : 0),
    acknowledged: seen.acknowledged || (counted && opened && !waits),
  };
}
