/** The files that a configuration was read from -> a word whenever one of them may have changed. */
import { dirname } from "node:path";
import { type WatchDirectoriesOptions, watchDirectories } from "../../shared/watch-directories.ts";

/** A watch over files that may become others. */
export interface TargetWatch {
  /** Watches these from now on, with no gap for those that stay. To be told after each reload. */
  follow(files: readonly string[]): void;
  close(): void;
}

/**
 * Watches the directories of the files, since the kubelet swaps a link in them and writes no file. What
 * comes between a reading and the watch is found by the poll, every `pollMs`, like all that has no event.
 */
export function watchTargets(
  files: readonly string[],
  options: WatchDirectoriesOptions,
): TargetWatch {
  let directories = directoriesOf(files);
  let watch = watchDirectories(directories, options);
  return {
    follow: (now) => {
      const next = directoriesOf(now);
      if (next.join("\0") === directories.join("\0")) return;
      const before = watch;
      watch = watchDirectories(next, options);
      directories = next;
      before.close();
    },
    close: () => watch.close(),
  };
}

function directoriesOf(files: readonly string[]): readonly string[] {
  return [...new Set(files.map((file) => dirname(file)))].sort();
}
