/** What is in an image: every file with its mode, and single files. */
import { createHash } from "node:crypto";
import { run } from "../run.ts";
import type { Engine } from "./engine.ts";

/** One entry of an image's file system. */
export interface Entry {
  /** As `ls -l` writes it. */
  readonly mode: string;
  /** On which its content was changed last, in UTC. */
  readonly date: string;
  /** Without a slash at its beginning. */
  readonly path: string;
}

/** An image as files. */
export interface Contents {
  readonly entries: readonly Entry[];
  /** Of one file, in hex digits. */
  sha256(path: string): Promise<string>;
  text(path: string): Promise<string>;
}

/** Unpacks an image into a tar archive in a directory, and lists it. */
export async function readContents(
  engine: Engine,
  tag: string,
  directory: string,
): Promise<Contents> {
  const archive = `${directory}/${tag.replaceAll(/\W/g, "-")}.tar`;
  // An image has no file system to look at before it is a container, which need not run.
  const container = await run([engine, "create", tag]);
  try {
    await run([engine, "export", `--output=${archive}`, container]);
  } finally {
    await run([engine, "rm", container]);
  }
  const read = (path: string) => Bun.spawn(["tar", "-xOf", archive, path]).stdout;
  return {
    entries: (await run(["tar", "-tvf", archive])).split("\n").map(entryOf),
    sha256: async (path) => {
      const hash = createHash("sha256");
      for await (const chunk of read(path)) hash.update(chunk);
      return hash.digest("hex");
    },
    text: (path) => new Response(read(path)).text(),
  };
}

/** Mode, owner, size, date, time and path; a link has its target behind an arrow. */
function entryOf(line: string): Entry {
  const [mode = "", , , date = "", , ...rest] = line.split(/ +/);
  const [path = ""] = rest.join(" ").split(" -> ");
  return { mode, date, path };
}

/** Whether nobody but its owner can change it, nor run it as somebody else. What is sticky is like /tmp. */
export function isSafe({ mode }: Pick<Entry, "mode">): boolean {
  if (mode.startsWith("l")) return true;
  return !/[sS]/.test(mode) && (mode[8] !== "w" || /[tT]$/.test(mode));
}
