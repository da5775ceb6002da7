/** A Lease that this process holds, or may hold -> nobody's, so that another need not wait for it to expire. */
import type { ApiError } from "../../shared/cluster/api.ts";
import { releaseOf } from "./decide.ts";
import type { Lease } from "./lease.ts";
import { callWithin, type Limit } from "./limit.ts";
import type { Settings } from "./options.ts";

/** Of one call. All of them together fit into what a program has for its end. */
const TIMEOUT_MS = 2000;

/** To be called when the work of a leader has ended. `last` is the Lease as last seen, where that is surely so. */
export async function releaseLease(
  { leases, identity, wallNow, sleep, log }: Settings,
  last: Lease | undefined,
  onError: (error: ApiError) => void,
): Promise<void> {
  const limit: Limit = { ms: TIMEOUT_MS, end: new AbortController().signal, sleep, onError };
  let lease = last;
  // Twice, because a renewal may have been written whose answer is not known.
  for (let tries = 0; tries < 2; tries += 1) {
    const run = (signal: AbortSignal) => leases.read(signal);
    lease ??= (await callWithin(limit, { operation: "get_lease", run }))?.value;
    if (lease?.holder !== identity) return;
    const held = lease;
    const answer = await callWithin(limit, {
      operation: "update_lease",
      run: (signal) => leases.update(held, releaseOf(held, wallNow()), signal),
    });
    if (answer === undefined) return;
    if (answer.value !== "conflict") return log.info("Released the lease", { identity });
    lease = undefined;
  }
}
