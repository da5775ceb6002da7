import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { version } from "../../package.json" with { type: "json" };
import { runProcess } from "../../shared/testing/process.ts";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;

/** A docker that notes how it was called, and writes the metadata of what it would have pushed. */
const DOCKER = `#!/bin/sh
for arg; do printf '%s ' "$arg" >> "$CALLS"; done
echo >> "$CALLS"
for arg; do
  case $arg in --metadata-file=*) printf '{"containerimage.digest":"%s"}' "$DIGEST" > "\${arg#*=}" ;; esac
done
exit "$CODE"
`;

let directory = "";

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "publish-test-"));
  await writeFile(join(directory, "docker"), DOCKER);
  await chmod(join(directory, "docker"), 0o755);
});

afterAll(async () => {
  await rm(directory, { recursive: true });
});

async function publish(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const paths = { CALLS: join(directory, "calls"), GITHUB_OUTPUT: join(directory, "output") };
  for (const path of Object.values(paths)) await writeFile(path, "");
  const images = join(directory, "images.txt");
  await writeFile(images, "");
  const script = join(import.meta.dir, "publish.ts");
  const outcome = await runProcess(["bun", script, `--out=${images}`, ...args], {
    env: {
      PATH: `${directory}:${process.env.PATH}`,
      ...paths,
      CODE: "0",
      DIGEST,
      GITHUB_REF: "refs/heads/main",
      GITHUB_SHA: COMMIT,
      GITHUB_SERVER_URL: "https://git.example.com",
      GITHUB_REPOSITORY: "team/scrape",
      REGISTRY: "registry.example.com/team",
      ...env,
    },
  });
  return {
    ...outcome,
    calls: (await readFile(paths.CALLS, "utf8")).trim().split("\n"),
    output: await readFile(paths.GITHUB_OUTPUT, "utf8"),
    images: await readFile(images, "utf8"),
  };
}

test("create-builder.sh makes a builder of an image by digest, and the one that is used", async () => {
  const CALLS = join(directory, "calls");
  await writeFile(CALLS, "");
  const { code } = await runProcess([join(import.meta.dir, "create-builder.sh")], {
    env: { PATH: `${directory}:${process.env.PATH}`, CALLS, CODE: "0" },
  });
  expect(code).toBe(0);
  expect(await readFile(CALLS, "utf8")).toMatch(
    /^buildx create --use --driver=docker-container --driver-opt=image=\S+@sha256:[0-9a-f]{64} \n$/,
  );
});

describe("publish.ts", () => {
  test("builds all three for both platforms and pushes nothing, without --push", async () => {
    const { code, calls, images, output } = await publish([], { REGISTRY: "" });
    expect({ code, images, output }).toEqual({ code: 0, images: "", output: "" });
    expect(calls).toHaveLength(3);
    for (const call of calls) {
      expect(call).toStartWith("buildx build --platform linux/amd64,linux/arm64 --build-arg");
      expect(call).not.toContain("--push");
    }
  });

  test("pushes each under the branch's tags and gives tag and digest", async () => {
    const { code, stderr, calls, images, output } = await publish(["--push"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(calls.map((call) => /--tag \S+ --tag \S+/.exec(call)?.[0])).toEqual(
      ["prometheus-metrics-proxy-hook", "prometheus-metrics-proxy", "lb-exporter"]
        .map((image) => `registry.example.com/team/${image}`)
        .map((name) => `--tag ${name}:main-latest --tag ${name}:sha-0123456789ab`),
    );
    for (const call of calls) {
      expect(call).toMatch(
        / --sbom=generator=docker\.io\/docker\/buildkit-syft-scanner:[\d.]+@sha256:[0-9a-f]{64} /,
      );
      expect(call).toContain(" --provenance=mode=max ");
    }
    expect(images.trim().split("\n")[2]).toBe(
      `lb-exporter=registry.example.com/team/lb-exporter:main-latest@${DIGEST}`,
    );
    expect(output).toBe("");
  });

  test("tells the image what it is", async () => {
    const { calls } = await publish(["exporter"]);
    for (const arg of [
      "COMPONENT=exporter",
      `VERSION=${version}`,
      `REVISION=${COMMIT}`,
      "SOURCE=https://git.example.com/team/scrape",
    ]) {
      expect(calls[0]).toContain(` --build-arg ${arg} `);
    }
  });

  test("hands a single image to the steps that sign it", async () => {
    const { code, output } = await publish(["--push", "webhook"], {
      GITHUB_REF: "refs/tags/v1.2.3",
    });
    const name = "registry.example.com/team/prometheus-metrics-proxy-hook";
    expect({ code, output }).toEqual({ code: 0, output: `name=${name}\ndigest=${DIGEST}\n` });
  });

  test("says what it takes", async () => {
    const { code, stdout, calls } = await publish(["--help"]);
    expect({ code, calls }).toEqual({ code: 0, calls: [""] });
    expect(stdout).toContain("[webhook|sidecar|exporter…]");
  });

  test.each([
    ["a ref that nothing is published from", { GITHUB_REF: "refs/pull/1/merge" }, "refs/pull/1"],
    ["no registry", { REGISTRY: "" }, "REGISTRY is not set"],
    ["a docker that fails", { CODE: "3" }, "ended with 3"],
    ["a digest that is none", { DIGEST: "sha256:0" }, "is no image"],
  ])("fails for %s, and gives no image", async (_, env, words) => {
    const { code, stderr, images } = await publish(["--push", "sidecar"], env);
    expect({ code, images }).toEqual({ code: 1, images: "" });
    expect(stderr).toContain(words);
  });

  test("fails for a component that there is not, before it builds any", async () => {
    const { code, stderr, calls } = await publish(["exporter", "exporters"]);
    expect({ code, stderr, calls }).toEqual({
      code: 1,
      stderr: "exporters: no such component, only webhook, sidecar, exporter\n",
      calls: [""],
    });
  });
});
