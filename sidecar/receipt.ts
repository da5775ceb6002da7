/**
 * Whether an answer that was sent was received.
 *
 * Handed to the kernel is not received. An answer was received if the client then ends the connection
 * properly (FIN), sends its next request on it, or keeps it open for longer than its own timeout; it was
 * lost if the client resets the connection (RST), as the kernel does for bytes that nobody read.
 */

/** Waits to know whether an answer was received, and tells it once. */
export class Receipt {
  readonly sentMs = performance.now();
  readonly #tell: (received: boolean) => void;
  readonly #forget: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(tell: (received: boolean) => void, forget: () => void) {
    this.#tell = tell;
    this.#forget = forget;
  }

  /** Settles now; called again it changes nothing, since its owner has forgotten it. */
  settle(received: boolean): void {
    clearTimeout(this.#timer);
    this.#forget();
    this.#tell(received);
  }

  /** Settles later, unless something else does so before. Replaces an earlier such promise. */
  settleIn(ms: number, received: boolean, then?: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.settle(received);
      then?.();
    }, ms);
  }
}
