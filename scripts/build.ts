/** Compiles components to standalone executables: `bun scripts/build.ts [COMPONENT…]`. */
import { $ } from "bun";

const ENTRIES: Readonly<Record<string, readonly string[]>> = {
  webhook: ["webhook/main.ts"],
  sidecar: ["sidecar/main.ts"],
  // A Worker's file is found in the executable only if it is an entry point of its own.
  exporter: ["exporter/main.ts", "exporter/worker.ts"],
};

async function build(component: string, entries: readonly string[], revision: string) {
  // The executable would otherwise read .env and bunfig.toml from wherever it is started. With
  // bytecode and the default format, a Worker cannot load CommonJS packages (Bun 1.4.5).
  await $`bun build --compile --minify --bytecode --format=esm \
    --no-compile-autoload-dotenv --no-compile-autoload-bunfig \
    --define BUILD_REVISION=${JSON.stringify(revision)} \
    ${entries} --outfile dist/${component}`.quiet();
}

async function headRevision(): Promise<string> {
  const { exitCode, stdout } = await $`git rev-parse --short=12 HEAD`.quiet().nothrow();
  return exitCode === 0 ? stdout.toString().trim() : "unknown";
}

async function main(): Promise<number> {
  const wanted = process.argv.slice(2);
  // An image is built without .git, and gives the revision itself.
  const revision = process.env.BUILD_REVISION || (await headRevision());
  for (const component of wanted.length > 0 ? wanted : Object.keys(ENTRIES)) {
    const entries = ENTRIES[component];
    if (entries === undefined) {
      console.error(`${component}: no such component, only ${Object.keys(ENTRIES).join(", ")}`);
      return 1;
    }
    await build(component, entries, revision);
  }
  return 0;
}

process.exit(await main());
