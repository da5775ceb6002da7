/** executables.sh and render-manifests.sh, with stand-ins for what compiles and renders. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmod, copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { runProcess } from "../../shared/testing/process.ts";

/** Compiles, lists and collects by writing its own command line. */
const NPX = `#!/bin/sh
test "$FAILS" != "$2" || exit 3
case "$2" in
  scripts/build.ts) mkdir -p dist; for c in webhook sidecar exporter; do echo "$c $3" > "dist/$c"; done ;;
  scripts/licences/write.ts)
    mkdir -p dist/licences; for c in webhook sidecar exporter; do echo "licences of $c" > "dist/licences/$c.txt"; done ;;
  scripts/pipeline/sbom.ts) echo "$3 $SOURCE_DATE_EPOCH $GITHUB_SHA" ;;
esac
`;
const GIT = `#!/bin/sh
case "$1" in log) echo 1800000000 ;; rev-parse) echo 0123456789abcdef ;; esac
`;
const KUBECTL = `#!/bin/sh
test "$FAILS" != "$2" || exit 3
echo "rendered: $2"
`;

let home = "";

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "executables-test-"));
  for (const folder of ["bin", "scripts/pipeline"])
    await mkdir(join(home, folder), { recursive: true });
  for (const [name, text] of Object.entries({ npx: NPX, git: GIT, kubectl: KUBECTL })) {
    await writeFile(join(home, "bin", name), text);
    await chmod(join(home, "bin", name), 0o755);
  }
  for (const script of ["executables.sh", "render-manifests.sh"]) {
    await copyFile(join(import.meta.dir, script), join(home, "scripts/pipeline", script));
  }
  for (const path of ["LICENSE", "Dockerfile", "e2e/cluster/Dockerfile"]) {
    await mkdir(dirname(join(home, path)), { recursive: true });
    await writeFile(join(home, path), `${path}\n`);
  }
});

afterAll(async () => {
  await rm(home, { recursive: true });
});

async function run(script: string, args: readonly string[], FAILS = "") {
  return await runProcess([join(home, "scripts/pipeline", script), ...args], {
    env: { PATH: `${home}/bin:${process.env.PATH}`, FAILS },
  });
}

describe("executables.sh", () => {
  const release = () => join(home, "dist/release");
  const text = async (name: string) => await Bun.file(join(release(), name)).text();
  const NAMES = ["exporter", "sidecar", "webhook"].flatMap((component) => [
    `${component}_1.2.3.spdx.json`,
    `${component}_1.2.3_licences.txt`,
    `${component}_1.2.3_linux_amd64`,
    `${component}_1.2.3_linux_arm64`,
  ]);

  test("leaves these files, all in SHA256SUMS, and nothing of an earlier run", async () => {
    await mkdir(release(), { recursive: true });
    await writeFile(join(release(), "exporter_1.2.2_linux_amd64"), "");
    expect(await run("executables.sh", ["v1.2.3"])).toEqual({ code: 0, stdout: "", stderr: "" });
    const sums = (await text("SHA256SUMS")).trim().split("\n");
    const names = sums.map((line) => /^[0-9a-f]{64} {2}(\S+)$/.exec(line)?.[1] ?? line);
    expect(names.toSorted()).toEqual(["LICENSE", ...NAMES]);
    expect((await readdir(release())).toSorted()).toEqual(["LICENSE", "SHA256SUMS", ...NAMES]);
    const check = await runProcess(["sha256sum", "--check", "--quiet", "SHA256SUMS"], {
      cwd: release(),
    });
    expect(check.code).toBe(0);
  });

  test("has in each what its name says, with commit and time of the checkout", async () => {
    await run("executables.sh", ["v1.2.3"]);
    expect(await text("sidecar_1.2.3_linux_amd64")).toBe("sidecar --arch=amd64\n");
    expect(await text("sidecar_1.2.3_linux_arm64")).toBe("sidecar --arch=arm64\n");
    expect(await text("sidecar_1.2.3.spdx.json")).toBe("sidecar 1800000000 0123456789abcdef\n");
    expect(await text("sidecar_1.2.3_licences.txt")).toBe("licences of sidecar\n");
  });

  test.each(["scripts/build.ts", "scripts/pipeline/sbom.ts", "scripts/licences/write.ts"])(
    "fails, and sums nothing up, when %s fails",
    async (step) => {
      expect((await run("executables.sh", ["v1.2.3"], step)).code).toBe(3);
      expect(await Bun.file(join(release(), "SHA256SUMS")).exists()).toBe(false);
    },
  );
});

describe("render-manifests.sh", () => {
  beforeAll(async () => {
    const kinds = { app: "Kustomization", part: "Component", "app/overlay": "Kustomization" };
    for (const [folder, kind] of Object.entries(kinds)) {
      await mkdir(join(home, "manifests", folder), { recursive: true });
      await writeFile(join(home, "manifests", folder, "kustomization.yaml"), `kind: ${kind}\n`);
    }
  });

  test("renders each kustomization under its own path, and no component", async () => {
    expect((await run("render-manifests.sh", ["rendered"])).code).toBe(0);
    const files = await Array.fromAsync(new Bun.Glob("**/*").scan(join(home, "rendered")));
    expect(files.toSorted()).toEqual([
      "Dockerfile",
      "e2e/cluster/Dockerfile",
      "manifests/app/kustomization.yaml",
      "manifests/app/overlay/kustomization.yaml",
    ]);
    const rendered = Bun.file(join(home, "rendered/manifests/app/overlay/kustomization.yaml"));
    expect(await rendered.text()).toBe("rendered: manifests/app/overlay\n");
  });

  // The order in which find comes by them is its own.
  test.each(["manifests/app", "manifests/app/overlay"])(
    "fails when %s does not render",
    async (folder) => {
      expect((await run("render-manifests.sh", ["rendered"], folder)).code).toBe(3);
    },
  );
});
