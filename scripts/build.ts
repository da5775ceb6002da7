/** Compiles components to standalone executables: `bun scripts/build.ts [--arch=amd64|arm64] [COMPONENT…]`. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { $ } from "bun";

/** The files that an executable is made of, by component. */
export const ENTRIES: Readonly<Record<string, readonly string[]>> = {
  webhook: ["webhook/main.ts"],
  sidecar: ["sidecar/main.ts"],
  // A Worker's file is found in the executable only if it is an entry point of its own.
  exporter: ["exporter/main.ts", "exporter/worker.ts"],
};

/** The package with Bun's runtime for Linux on each architecture, by the name that images have for it. */
const RUNTIMES: Readonly<Record<string, string>> = {
  amd64: "bun-linux-x64",
  arm64: "bun-linux-aarch64",
};

const REVISION_LENGTH = 12;

/** This machine's architecture, in those words. */
export const OWN_ARCH = process.arch === "x64" ? "amd64" : process.arch;

/** What the command line asks for. */
interface Wanted {
  readonly components: readonly string[];
  readonly arch: string;
}

/** Throws a `RangeError` that names what is not known. */
function wanted(argv: readonly string[]): Wanted {
  const [, arch = OWN_ARCH] =
    argv.map((arg) => /^--arch=(.*)$/.exec(arg)).find((match) => match) ?? [];
  const named = argv.filter((arg) => !arg.startsWith("--arch="));
  const components = componentsOf(named);
  if (arch !== OWN_ARCH) known("architecture", arch, RUNTIMES);
  return { components, arch };
}

/** The named components, or all. Throws a `RangeError` that says which there are if one is none. */
export function componentsOf(named: readonly string[]): readonly string[] {
  for (const component of named) known("component", component, ENTRIES);
  return named.length > 0 ? named : Object.keys(ENTRIES);
}

function known(what: string, name: string, table: Readonly<Record<string, unknown>>): void {
  if (Object.hasOwn(table, name)) return;
  throw new RangeError(`${name}: no such ${what}, only ${Object.keys(table).join(", ")}`);
}

/**
 * The runtime that goes into an executable for another machine. It is the package of bun.lock, so that
 * nothing is downloaded whose hash is not known. Throws an `Error` if it is not installed.
 */
function runtimeFor(arch: string): string {
  const path = join("node_modules/@oven", RUNTIMES[arch] ?? "", "bin/bun");
  if (existsSync(path)) return path;
  const install = "bun install --frozen-lockfile --os=linux --cpu='*'";
  throw new Error(`${path} is missing: run "${install}" first`);
}

async function build(component: string, arch: string, revision: string) {
  const runtime = arch === OWN_ARCH ? [] : [`--compile-executable-path=${runtimeFor(arch)}`];
  // The executable would otherwise read .env and bunfig.toml from wherever it is started. With
  // bytecode and the default format, a Worker cannot load CommonJS packages (Bun 1.4.5).
  await $`bun build --compile --minify --bytecode --format=esm \
    --no-compile-autoload-dotenv --no-compile-autoload-bunfig ${runtime} \
    --define BUILD_REVISION=${JSON.stringify(revision)} \
    ${ENTRIES[component] ?? []} --outfile dist/${component}`.quiet();
}

async function headRevision(): Promise<string> {
  const { exitCode, stdout } = await $`git rev-parse --short=${REVISION_LENGTH} HEAD`
    .quiet()
    .nothrow();
  return exitCode === 0 ? stdout.toString().trim() : "unknown";
}

async function main(): Promise<number> {
  try {
    const { components, arch } = wanted(process.argv.slice(2));
    // An image is built without .git, and gives the revision itself: shortened, so that it has the same file.
    const given = process.env.BUILD_REVISION?.slice(0, REVISION_LENGTH);
    const revision = given || (await headRevision());
    for (const component of components) await build(component, arch, revision);
    return 0;
  } catch (error) {
    if (error instanceof $.ShellError) console.error(error.stderr.toString());
    console.error(error instanceof Error ? error.message : error);
    return 1;
  }
}

if (import.meta.main) process.exit(await main());
