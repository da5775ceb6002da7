import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runToEnd } from "../run.ts";

const RUNNERS = "findEngine(RUNNERS)";
const ANY = "findEngine()";
let directory = "";

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "engines-"));
});
afterAll(() => rm(directory, { recursive: true }));

/** Which engine is found where these are on the PATH, each with the code that its `info` ends with. */
async function found(call: string, engines: Readonly<Record<string, number>>) {
  const bin = join(directory, Bun.randomUUIDv7());
  for (const [name, code] of Object.entries(engines)) {
    await Bun.write(join(bin, name), `#!/bin/sh\nexit ${code}\n`);
    await chmod(join(bin, name), 0o755);
  }
  const script = `import { findEngine, RUNNERS } from "${import.meta.dir}/engine.ts";
    console.log(await ${call}.catch((error) => error.message));`;
  const { stdout } = await runToEnd([process.execPath, "-e", script], { env: { PATH: bin } });
  return stdout.trim();
}

const HOW = "Debian and Ubuntu: apt-get install podman runc";

test.each([
  [
    "docker, which may limit memory where rootless podman may not",
    RUNNERS,
    { docker: 0, podman: 0 },
    "docker",
  ],
  ["podman where docker is only a client", RUNNERS, { docker: 1, podman: 0 }, "podman"],
  ["buildah to build, if there is nothing else", ANY, { docker: 1, buildah: 0 }, "buildah"],
  [
    "nothing that runs containers where there is only buildah",
    RUNNERS,
    { buildah: 0 },
    `docker, podman: none of them works here. Containers are run here: buildah only builds. ${HOW}`,
  ],
  ["nothing at all", ANY, {}, `docker, podman, buildah: none of them works here. ${HOW}`],
])("finds %s", async (_, call, engines, expected) => {
  expect(await found(call, engines)).toBe(expected);
});
