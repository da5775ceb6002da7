/** A failed call -> how long to wait before it is sent again, or that it is not (contract 8.3; pure). */
import type { ApiError } from "./errors.ts";

/** A call is sent at most so often: what fails twice is the next collection's. */
export const MAX_TRIES = 2;

/** Waits of a first retry, in milliseconds: from the first to the last, by chance. */
const WAIT_MS = { least: 100, most: 500 };

/**
 * Milliseconds until the next try, or `undefined`. Only GETs are ever retried, since only they are
 * safe, and only for reasons that pass by themselves. `tries` have been made; `random` is from 0 to 1.
 */
export function retryDelayMs(
  { failure, operation, status }: ApiError,
  { tries, random }: { readonly tries: number; readonly random: number },
): number | undefined {
  // The login has a rhythm of its own, which keeps a wrong password from being tried in a loop.
  if (operation === "token" || tries >= MAX_TRIES) return undefined;
  const passing =
    failure === "network" ||
    failure === "timeout" ||
    failure === "ratelimit" ||
    (failure === "http" && status !== undefined && status >= 500);
  if (!passing) return undefined;
  return WAIT_MS.least + (WAIT_MS.most - WAIT_MS.least) * random;
}
