/** Which build this is: the version of package.json and the revision given at compile time. */
import { version } from "../package.json" with { type: "json" };

declare const BUILD_REVISION: string | undefined;

/** What `--version` prints and `…_build_info` is labelled with. */
export interface Build {
  readonly version: string;
  /** Commit the executable was built from; `unknown` when run from source. */
  readonly revision: string;
  /** Version of the Bun runtime inside. */
  readonly bun: string;
}

/** The running program's build. */
export function currentBuild(): Build {
  return {
    version,
    // Set by `bun build --define`; absent when a source file is run directly.
    revision: typeof BUILD_REVISION === "string" ? BUILD_REVISION : "unknown",
    bun: Bun.version,
  };
}
