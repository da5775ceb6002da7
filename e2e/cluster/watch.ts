/** Follows the logs of pods that come and go, because a log goes with its pod. */
import { logToTheEnd, type Pod, pods } from "./kubectl.ts";

const LOOK_EVERY_MS = 500;

/** Which pods, and whose log. */
export interface Watched {
  readonly namespace: string;
  readonly selector: string;
  readonly container: string;
}

/** A pod that is gone, with the log of its container. */
export interface Gone {
  readonly pod: Pod;
  readonly log: string;
}

export class Watch {
  readonly #watched: Watched;
  readonly #seen = new Map<string, { readonly pod: Pod; readonly log: Promise<string> }>();
  #present: ReadonlySet<string> = new Set();

  constructor(watched: Watched) {
    this.#watched = watched;
  }

  /** Starts to follow what is new. Gives how many pods there are. */
  async look(): Promise<number> {
    const found = await pods(this.#watched.namespace, this.#watched.selector);
    this.#present = new Set(found.map(({ metadata }) => metadata.name));
    for (const pod of found) {
      const { name } = pod.metadata;
      if (!this.#seen.has(name)) this.#seen.set(name, { pod, log: this.#follow(name) });
    }
    return found.length;
  }

  get goneCount(): number {
    return [...this.#seen.keys()].filter((name) => !this.#present.has(name)).length;
  }

  /** Looks again and again until `enough()`. Throws an `Error` after `timeoutMs`. */
  async until(enough: () => boolean, timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!enough()) {
      if (performance.now() > deadline)
        throw new Error(`The pods were not gone in ${timeoutMs} ms`);
      await Bun.sleep(LOOK_EVERY_MS);
      await this.look();
    }
  }

  async gone(): Promise<readonly Gone[]> {
    const gone = [...this.#seen].filter(([name]) => !this.#present.has(name));
    return await Promise.all(gone.map(async ([, { pod, log }]) => ({ pod, log: await log })));
  }

  /** Again, if the container had not started yet. */
  async #follow(name: string): Promise<string> {
    const { namespace, container } = this.#watched;
    for (;;) {
      const log = await logToTheEnd(namespace, name, container);
      if (log !== "" || !this.#present.has(name)) return log;
      await Bun.sleep(LOOK_EVERY_MS);
    }
  }
}
