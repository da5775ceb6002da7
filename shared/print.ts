/** Text -> stdout or stderr, whole, also into a pipe that is read slowly. */

/** Resolves when all of it is with the system, or nobody reads it any more: `| head` is no failure. */
export async function print(to: Bun.BunFile, text: string): Promise<void> {
  try {
    if (text !== "") await Bun.write(to, text);
  } catch {
    // Whoever read it has had enough.
  }
}
