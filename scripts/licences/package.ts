/** A package's directory -> what it says about its licence. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { isAllowed } from "./allowed.ts";

const TEXT = /^(un)?licen[cs]e|^copying|^notice|^copyright/i;

/** A package that may be passed on, with all that has to go with it. */
export interface LicensedPackage {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression. */
  readonly licence: string;
  /** The files with its terms, each in full. */
  readonly texts: readonly string[];
}

/** A package may not be compiled in as it is. */
export class LicenceError extends Error {
  override readonly name = "LicenceError";
}

/** Throws a {@link LicenceError} if it names no licence, has no text of it, or one that is not allowed. */
export async function readPackage(directory: string): Promise<LicensedPackage> {
  const { name, version, license } = (await Bun.file(join(directory, "package.json")).json()) as {
    readonly name: string;
    readonly version: string;
    readonly license?: unknown;
  };
  const what = `${name} ${version}`;
  if (typeof license !== "string") throw new LicenceError(`${what} names no licence`);
  if (!isAllowed(license)) throw new LicenceError(`${what}: ${license} is not an allowed licence`);
  const files = (await readdir(directory)).filter((file) => TEXT.test(file)).sort();
  if (files.length === 0) throw new LicenceError(`${what} comes without the text of its licence`);
  const texts = await Promise.all(files.map((file) => Bun.file(join(directory, file)).text()));
  return { name, version, licence: license, texts: texts.map((text) => text.trim()) };
}
