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
  /** The client's own timeout: a connection that outlives it has taken the answer. */
  readonly #patienceMs: number;
  readonly #tell: (received: boolean) => void;
  readonly #forget: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    patienceMs: number,
    hooks: { readonly tell: (received: boolean) => void; readonly forget: () => void },
  ) {
    this.#patienceMs = patienceMs;
    this.#tell = hooks.tell;
    this.#forget = hooks.forget;
  }

  /** Settles now. Its owner has forgotten it then, so that nothing else can. */
  settle(received: boolean): void {
    clearTimeout(this.#timer);
    this.#forget();
    this.#tell(received);
  }

  /** From now on time alone settles it too: while the pod lives, nobody needs to know so soon. */
  watch(): void {
    const leftMs = this.sentMs + this.#patienceMs - performance.now();
    if (leftMs <= 0) this.settle(true);
    else this.settleIn(leftMs, true);
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
