/** Files that change -> each new configuration that can be used, and one log line for each that cannot. */
import { describeError } from "../../shared/log.ts";
import { type DirectoryWatch, watchDirectories } from "../../shared/watch-directories.ts";
import type { ListenWebOptions, Reload, WebState } from "./listen.ts";
import { directoriesOf, isUnchanged, type Loaded, type WebSettings } from "./load.ts";

export interface FollowOptions extends Pick<ListenWebOptions, "log" | "watch" | "onReload"> {
  readonly configFile: string;
  /** What is in force already. */
  readonly first: Loaded;
  readonly load: () => Promise<Loaded>;
  /** Puts settings in force; returns what keeps it from doing so. */
  readonly apply: (settings: WebSettings) => readonly string[];
}

export interface Follow {
  /** Looks now. Never rejects. */
  look(this: void): Promise<Reload>;
  state(): Pick<WebState, "problems" | "lastSuccessMs">;
  close(): void;
}

/** Follows the files until it is closed. */
export function followFiles(options: FollowOptions): Follow {
  const { log, load, apply, onReload } = options;
  let newest = options.first;
  let refused: readonly string[] = [];
  let lastSuccessMs = Date.now();
  let closed = false;
  let watch = openWatch(newest);
  let last: Promise<unknown> = Promise.resolve();

  function openWatch({ sources }: Loaded): DirectoryWatch {
    return watchDirectories(directoriesOf(sources), {
      ...options.watch,
      onEvent: () => void look(false),
    });
  }

  /** One after the other, so that an older look never overtakes a newer one. */
  function look(asked: boolean): Promise<Reload> {
    const result = last
      .then(() => take(asked))
      .catch((error: unknown) => refuse([describeError(error)]));
    last = result;
    return result.then((reload) => {
      if (asked || reload.kind !== "unchanged") onReload?.(reload);
      return reload;
    });
  }

  async function take(asked: boolean): Promise<Reload> {
    if (closed) return { kind: "unchanged" };
    if (isUnchanged(newest.sources)) {
      return asked && refused.length > 0
        ? { kind: "refused", problems: refused }
        : { kind: "unchanged" };
    }
    const loaded = await load();
    if (closed) return { kind: "unchanged" };
    follow(loaded);
    if (loaded.kind === "unusable") return refuse(loaded.problems);
    const problems = apply(loaded.settings);
    if (problems.length > 0) return refuse(problems);
    refused = [];
    lastSuccessMs = Date.now();
    log.info("Took over a new web configuration", { file: options.configFile });
    for (const warning of loaded.warnings) log.warn("Web configuration", { warning });
    return { kind: "applied" };
  }

  /** The files that it names may be others than before. */
  function follow(loaded: Loaded): void {
    const directories = directoriesOf(loaded.sources).join("\0");
    const others = directories !== directoriesOf(newest.sources).join("\0");
    newest = loaded;
    if (!others) return;
    watch.close();
    watch = openWatch(loaded);
  }

  function refuse(problems: readonly string[]): Reload {
    if (problems.join("\n") !== refused.join("\n")) {
      const fields = { file: options.configFile, problems: problems.join("; ") };
      log.warn("Refused a new web configuration, the last good one stays in force", fields);
    }
    refused = problems;
    return { kind: "refused", problems };
  }

  return {
    look: () => look(true),
    state: () => ({ problems: refused, lastSuccessMs }),
    close: () => {
      closed = true;
      watch.close();
    },
  };
}
