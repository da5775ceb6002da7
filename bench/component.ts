/** What every component's bench is given, and what it gives. */
import type { Options } from "./options.ts";
import type { Processes } from "./processes.ts";
import type { Column, Row } from "./row.ts";

/** Where a bench runs. */
export interface Place {
  readonly processes: Processes;
  /** An empty directory of the bench's own. */
  readonly directory: string;
  /** For what has to be undone at the end, however it comes. */
  readonly stack: AsyncDisposableStack;
  /** Tells what is being done. */
  readonly say: (text: string) => void;
}

/** A component that can be measured. */
export interface Component {
  /** The component's own column, then its peers'. */
  readonly columns: readonly Column[];
  /** Programs that have to be on the PATH; `tools.ts` knows how to get them. */
  readonly programs: readonly string[];
  /** Modules that its `python3` has to find. */
  readonly pythonModules?: readonly string[];
  /** Processors that it cannot do without. */
  readonly processors: number;
  measure(options: Options, place: Place): Promise<Outcome>;
}

/** A whole run. */
export interface Outcome {
  readonly rows: readonly Row[];
  /** Every single number, for `--json`. */
  readonly measured: object;
  /** What a reader of the table has to know of this run, one line each. */
  readonly notes?: readonly string[];
}
