/** The rounds of a bench, and what the peers' memory is before, at the end, and after. */
import type { Place } from "./component.ts";
import { privateMiB } from "./processes.ts";
import { atMost, type Row } from "./row.ts";

/** MiB of private memory by peer. */
type MiB = Readonly<Record<string, number>>;

export interface Memory {
  readonly idleMiB: MiB;
  /** At the end of the last round, garbage included. */
  readonly loadedMiB: MiB;
  /** After ten quiet seconds: what stays. */
  readonly afterLoadMiB: MiB;
}

export interface Given {
  readonly peers: Readonly<Record<string, { readonly pid: number }>>;
  readonly rounds: number;
  readonly say: Place["say"];
}

export interface Steps {
  /** Lets every peer compile and fill what it compiles and fills once. */
  warmUp(): Promise<void>;
  /** One measurement of everything. `number` counts from 0. */
  round(number: number): Promise<void>;
}

/** A collector gives pages back some seconds after its last work. */
const QUIET_MS = 10_000;

/** Runs all rounds on peers that have just been started and asked a little. */
export async function underLoad({ peers, rounds, say }: Given, steps: Steps): Promise<Memory> {
  const memory = () =>
    Object.fromEntries(Object.entries(peers).map(([name, { pid }]) => [name, privateMiB(pid)]));
  await Bun.sleep(1000);
  const idleMiB = memory();
  await steps.warmUp();
  for (let number = 0; number < rounds; number++) {
    say(`Round ${number + 1} of ${rounds}`);
    await steps.round(number);
  }
  const loadedMiB = memory();
  say("Quiet");
  await Bun.sleep(QUIET_MS);
  return { idleMiB, loadedMiB, afterLoadMiB: memory() };
}

/** The rows of the memory, with the bars that `component` has, if it has any. */
export function memoryRows(
  { idleMiB, loadedMiB, afterLoadMiB }: Memory,
  component: string,
  bars?: { readonly idleMiB: number; readonly afterLoadMiB: number },
): readonly Row[] {
  const rowOf = (when: string, values: MiB, limit?: number): Row => ({
    what: `RssAnon ${when}, MiB`,
    values,
    digits: 1,
    ...(limit === undefined ? {} : atMost(limit, values[component])),
  });
  return [
    rowOf("idle", idleMiB, bars?.idleMiB),
    rowOf("at the end of the load", loadedMiB),
    rowOf("10 s after the load", afterLoadMiB, bars?.afterLoadMiB),
  ];
}
