/** Something has changed -> whoever pauses goes on at once. */

/** Ends a pause when it rings. */
export class Alarm {
  readonly #signal: AbortSignal;
  #set = new AbortController();

  /** `signal` ends everything, pauses included. */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** A signal that aborts at the next ring, or when everything ends. */
  set(): AbortSignal {
    this.#set = new AbortController();
    return AbortSignal.any([this.#set.signal, this.#signal]);
  }

  ring(): void {
    this.#set.abort();
  }
}
