/** This repository's sources in a directory of their own, built there as the Dockerfile builds them. */
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../run.ts";

const ROOT = join(import.meta.dir, "../..");

/** How the build stage of an image installs. */
export const INSTALL: readonly string[] = [
  "install",
  "--frozen-lockfile",
  "--production",
  "--os=linux",
  "--cpu=*",
  "--libc=glibc",
];

/** A copy that is deleted when it is disposed of. */
export interface Copy extends AsyncDisposable {
  readonly directory: string;
  /** Compiles a component there and gives the path of the executable. */
  build(component: string, arch: string, revision: string): Promise<string>;
}

/** Copies what .dockerignore lets in, and installs what bun.lock names, Bun's runtimes for all architectures too. */
export async function createCopy(): Promise<Copy> {
  const directory = await mkdtemp(join(tmpdir(), "copy-"));
  for (const path of await contextPaths()) {
    await cp(join(ROOT, path), join(directory, path), { recursive: true });
  }
  // The test runner has a NODE_ENV of its own, which the compiler would write into the executables.
  const { NODE_ENV: _, ...env } = process.env;
  await run(["bun", ...INSTALL], { cwd: directory, env });
  return {
    directory,
    build: async (component, arch, revision) => {
      const build = ["bun", "scripts/build.ts", `--arch=${arch}`, component];
      await run(build, { cwd: directory, env: { ...env, BUILD_REVISION: revision } });
      return join(directory, "dist", component);
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

/** The paths that .dockerignore lets in. */
export async function contextPaths(): Promise<readonly string[]> {
  const text = await Bun.file(join(ROOT, ".dockerignore")).text();
  return [...text.matchAll(/^!(.+)$/gm)].map(([, path = ""]) => path);
}
