/**
 * Stand-ins for the base images where no registry can be reached, from the files of this machine, which has to
 * be a Debian or Ubuntu: of the packages that it has installed (BASE_PACKAGES), and its own node with some
 * programs and their libraries. What is built on them is for looking at, and never for a registry.
 */
import { cp, mkdir, mkdtemp, realpath, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { $ } from "bun";
import { run } from "../run.ts";
import type { Engine } from "./engine.ts";

/** No package's own file: ca-certificates makes it when it is installed. */
const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";

/** What distroless/base has and an executable needs. */
const BASE_PACKAGES = ["libc6", "ca-certificates"];

/** The programs that the build stage runs, beside node. */
const BUILD_PROGRAMS = ["sh", "env", "cp", "find", "ln", "mkdir", "mv", "touch"];

/** Makes an image that builds as node:…-slim does: node, npm, a shell, certificates. Gives its name. */
export async function createBuildImage(engine: Engine): Promise<string> {
  const npx = await realpath(needed("npx"));
  const npm = dirname(dirname(npx));
  return await createImage(engine, "localhost/stand-in-build", async (root) => {
    for (const program of [...BUILD_PROGRAMS, "node"]) await copyProgram(root, needed(program));
    await copy(root, npm);
    for (const name of ["npm", "npx"])
      await $`ln -s ${npm}/bin/${name}-cli.js ${root}/usr/bin/${name}`;
    await copy(root, CERTIFICATES);
    await mkdir(join(root, "tmp"));
    // Where this machine reaches its registry by a certificate of its own.
    return ["ENV NODE_EXTRA_CA_CERTS=" + CERTIFICATES, "ENV PATH=/usr/bin:/bin"];
  });
}

/** Makes an image that is as distroless/base is: glibc, certificates, and no program. Gives its name. */
export async function createBaseImage(engine: Engine): Promise<string> {
  return await createImage(engine, "localhost/stand-in-base", async (root) => {
    for (const name of BASE_PACKAGES) {
      for (const file of await filesOf(name)) await copy(root, file);
    }
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

/** Of a package of this machine, but what it was told not to install, such as documentation. */
async function filesOf(name: string): Promise<readonly string[]> {
  const query = needed("dpkg-query");
  const architecture = await run([needed("dpkg"), "--print-architecture"]);
  // It is there for another architecture, too, where that is emulated.
  const format = "--showformat=${binary:Package} ${Architecture}\n";
  const found = (await run([query, "--show", format, name])).split("\n");
  const [own] =
    found.find((line) => [architecture, "all"].includes(line.split(" ")[1] ?? ""))?.split(" ") ??
    [];
  if (own === undefined) throw new Error(`${name} is needed for the stand-in and not installed`);
  const paths = (await run([query, "--listfiles", own])).split("\n");
  const files = await Promise.all(paths.map(async (path) => ((await isFile(path)) ? [path] : [])));
  return files.flat();
}

async function isFile(path: string): Promise<boolean> {
  // A link to a directory, such as /lib, is none.
  return (await stat(path).catch(() => undefined))?.isFile() === true;
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
