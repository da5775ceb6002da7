/** How the program was started -> its command line and variables, those of the `.env` included, each time anew. */
import { withEnvFile } from "./targets/environment.ts";
import { readSmallFile } from "./targets/small-file.ts";

/** What configuration is read from. */
export interface Started {
  readonly argv: readonly string[];
  /** Throws a `ConfigError` for a `.env` that cannot be used. */
  readonly env: () => Readonly<Record<string, string | undefined>>;
  readonly readFile: (path: string) => string;
}

/** Reads no file before it is asked. */
export function startedWith(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Started {
  return {
    argv,
    env: () => withEnvFile({ argv, env }, readSmallFile).env,
    readFile: readSmallFile,
  };
}
