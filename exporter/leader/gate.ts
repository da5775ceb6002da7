/**
 * "May I?" from the thread that does a leader's work -> the answer of the thread that knows, by its clock now.
 * Threads have clocks of their own that cannot be compared (Bun 1.4.5), so a deadline cannot be handed over.
 */

/** Answers whoever holds the other end of the port. */
export function answerGate(port: MessagePort, holds: () => boolean): void {
  port.addEventListener("message", () => port.postMessage(holds()));
  port.start();
}

/** Asks at the other end of the port. To be called before each act of a leader, one call after the other. */
export function createGate(port: MessagePort): () => Promise<boolean> {
  const waiting: ((may: boolean) => void)[] = [];
  port.addEventListener("message", (event) => {
    waiting.shift()?.((event as MessageEvent<boolean>).data);
  });
  port.start();
  return () => {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    waiting.push(resolve);
    port.postMessage(null);
    return promise;
  };
}
