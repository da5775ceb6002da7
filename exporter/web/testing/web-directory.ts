/** A directory with a web configuration and what it names, for a test to change. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface WebDirectory extends Disposable {
  /** Path of `web.yml`. */
  readonly configFile: string;
  /** Writes a file of the directory, whole at once. */
  write(name: string, text: string): void;
  remove(name: string): void;
}

/** Makes a directory with these files. */
export function createWebDirectory(files: Readonly<Record<string, string>>): WebDirectory {
  const directory = mkdtempSync(join(tmpdir(), "web-"));
  const write = (name: string, text: string) => {
    writeFileSync(join(directory, `.${name}`), text);
    renameSync(join(directory, `.${name}`), join(directory, name));
  };
  for (const [name, text] of Object.entries(files)) write(name, text);
  return {
    configFile: join(directory, "web.yml"),
    write,
    remove: (name) => rmSync(join(directory, name)),
    [Symbol.dispose]: () => rmSync(directory, { recursive: true }),
  };
}
