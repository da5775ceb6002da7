/** Waits for a condition that another process or the network brings about. */

/**
 * Asks again and again until `probe` gives something else than `undefined` or `false`, and gives
 * that. Throws after `timeoutMs` (default 10 s), naming `what`.
 */
export async function eventually<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs = 10_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > deadline) throw new Error(`Not within ${timeoutMs} ms: ${what}`);
    await Bun.sleep(5);
  }
}
