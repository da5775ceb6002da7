/**
 * Stand-ins for the base images where no registry can be reached: the files of this machine's own packages
 * that the Dockerfile needs, as images. What is built on them is for looking at, and never for a registry.
 */
import { cp, mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { $ } from "bun";
import { type Engine, run } from "./engine.ts";

const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";

/** The programs that the build stage runs, beside node. */
const BUILD_PROGRAMS = ["sh", "env", "ln", "mkdir", "mv"];

/** Makes an image that builds as node:…-slim does: node, npm, a shell, certificates. Gives its name. */
export async function createBuildImage(engine: Engine): Promise<string> {
  const npx = await realpath(needed("npx"));
  return await createImage(engine, "localhost/stand-in-build", async (root) => {
    for (const program of [...BUILD_PROGRAMS, "node"]) await copyProgram(root, needed(program));
    await copy(root, join(dirname(npx), ".."));
    await $`ln -s ${npx} ${root}/usr/bin/npx`;
    await copy(root, CERTIFICATES);
    await mkdir(join(root, "tmp"));
    // Where this machine reaches its registry by a certificate of its own.
    return ["ENV NODE_EXTRA_CA_CERTS=" + CERTIFICATES, "ENV PATH=/usr/bin:/bin"];
  });
}

/** Makes an image that is as distroless/base is: glibc, certificates, and no program. Gives its name. */
export async function createBaseImage(engine: Engine): Promise<string> {
  return await createImage(engine, "localhost/stand-in-base", async (root) => {
    for (const library of await librariesOf(needed("node"))) await copy(root, library);
    await copy(root, CERTIFICATES);
    return [];
  });
}

async function createImage(
  engine: Engine,
  name: string,
  fill: (root: string) => Promise<readonly string[]>,
): Promise<string> {
  const context = await mkdtemp(join(tmpdir(), "stand-in-"));
  try {
    const root = join(context, "root");
    for (const directory of ["usr/bin", "usr/lib", "usr/lib64"]) {
      await mkdir(join(root, directory), { recursive: true });
    }
    // As Debian has merged them.
    for (const link of ["bin", "lib", "lib64"]) await $`ln -s usr/${link} ${root}/${link}`;
    const lines = await fill(root);
    const file = ["FROM scratch", "COPY root /", ...lines, ""].join("\n");
    await writeFile(join(context, "Dockerfile"), file);
    await run([engine, "build", "--quiet", "--tag", name, context]);
    return name;
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

async function copyProgram(root: string, program: string): Promise<void> {
  const file = await realpath(program);
  await cp(file, join(root, "usr/bin", program.split("/").at(-1) ?? ""), { dereference: true });
  for (const library of await librariesOf(file)) await copy(root, library);
}

async function copy(root: string, path: string): Promise<void> {
  const target = join(root, path);
  await mkdir(dirname(target), { recursive: true });
  await cp(path, target, { recursive: true, dereference: true });
}

/** The shared libraries of a program, its loader among them. */
async function librariesOf(file: string): Promise<readonly string[]> {
  const lines = await run(["ldd", file]);
  return [...lines.matchAll(/(\/\S+) \(0x/g)].map(([, path = ""]) => path);
}

function needed(program: string): string {
  const path = Bun.which(program);
  if (path === null) throw new Error(`${program} is needed for the stand-in and not on the PATH`);
  return path;
}
