/**
 * Whether an answer that was sent was received.
 *
 * Handed to the kernel is not received. An answer was received if the client then ends the connection
 * properly (FIN) or sends its next request on it; it was lost if the client resets the connection (RST),
 * as the kernel does for bytes that nobody read. A client that does none of these, not even when its
 * connection is ended from here, may be stopped or cut off, and does not count.
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

  /** Settles now. Its owner has forgotten it then, so that nothing else can. */
  settle(received: boolean): void {
    clearTimeout(this.#timer);
    this.#forget();
    this.#tell(received);
  }

  /** Settles later, unless something else does so before. */
  settleIn(ms: number, received: boolean, then: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.settle(received);
      then();
    }, ms);
  }
}
