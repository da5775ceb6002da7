/** Directories that change -> a word whenever something in one of them may have: look now. */
import { type FSWatcher, watch } from "node:fs";

export interface WatchDirectoriesOptions {
  /** Called after an event has settled, and every `pollMs`. What changed is for the caller to find out. */
  readonly onEvent: () => void;
  /** Time between two looks that no event asks for, in milliseconds, default 10 s. */
  readonly pollMs?: number;
  /** Time from an event to the look, in milliseconds, default 50. */
  readonly settleMs?: number;
}

/** Directories that are watched until they are closed. */
export interface DirectoryWatch {
  close(): void;
}

/** A watch can be lost without a word: with its directory, or where the file system has none. */
const POLL_MS = 10_000;

/** Two files that are written one after the other are one change. */
const SETTLE_MS = 50;

/**
 * Watches. The kubelet replaces a mounted Secret by swapping a symbolic link in its directory, so it is
 * the directory that has to be watched, not the file. One that is not there is tried again at each poll.
 */
export function watchDirectories(
  directories: readonly string[],
  options: WatchDirectoriesOptions,
): DirectoryWatch {
  const { onEvent, pollMs = POLL_MS, settleMs = SETTLE_MS } = options;
  let settling: NodeJS.Timeout | undefined;
  const soon = () => {
    settling ??= setTimeout(() => {
      settling = undefined;
      onEvent();
    }, settleMs);
  };
  const open = () => [...new Set(directories)].map((directory) => openWatch(directory, soon));
  let watchers = open();
  const closeAll = () => {
    for (const watcher of watchers) watcher?.close();
  };
  const poll = setInterval(() => {
    // Opened anew, since one of a directory that was replaced is silent for ever.
    closeAll();
    watchers = open();
    onEvent();
  }, pollMs);
  return {
    close: () => {
      closeAll();
      clearInterval(poll);
      clearTimeout(settling);
    },
  };
}

/** Nothing where the directory cannot be watched now; the poll tries again. */
function openWatch(directory: string, onEvent: () => void): FSWatcher | undefined {
  try {
    // An event at its error, too: the look finds out what is wrong.
    return watch(directory, onEvent).on("error", onEvent);
  } catch {
    return undefined; // The directory is gone, which the look reports.
  }
}
