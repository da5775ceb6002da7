/**
 * The Dockerfile on stand-in base images: builds each component, runs it as Kubernetes would (its user, a
 * read-only root, 128 MiB, no capabilities), asks whether it is ready, and ends it. `just image-check`.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dependencies, devDependencies, version } from "../../package.json" with { type: "json" };
import { eventually } from "../../shared/testing/eventually.ts";
import { type RunningProcess, startProcess } from "../../shared/testing/process.ts";
import { OWN_ARCH } from "../build.ts";
import { run } from "../run.ts";
import { type Contents, isSafe, readContents } from "./contents.ts";
import { type Copy, contextPaths, createCopy } from "./copy.ts";
import { buildImage, type Engine, findEngine, IMAGES, RUNNERS, runtimeFlags } from "./engine.ts";
import { createBaseImage, createBuildImage } from "./stand-in.ts";
import { createStarts, JSON_LOG, type Start } from "./starts.ts";

const REVISION = "0123456789abcdef0123456789abcdef01234567";
const SOURCE = "https://git.example.com/whole-scrape";
const SHORT_REVISION = REVISION.slice(0, 12);
const ELF_MACHINE_ARM64 = 183;
// Of the sandboxes that allow no higher ones; the executables need far fewer.
const LIMITS = ["--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024"];

const stack = new AsyncDisposableStack();
let engine: Engine = "podman";
/** What the engine has said of each build. */
const said = new Map<string, string>();
let baseImages: Readonly<Record<string, string>> = {};
let starts: Readonly<Record<string, Start>> = {};
let copy: Copy;
let directory = "";

beforeAll(async () => {
  engine = await findEngine(RUNNERS);
  baseImages = {
    BUILD_IMAGE: await createBuildImage(engine),
    BASE_IMAGE: await createBaseImage(engine),
  };
  for (const component of Object.keys(IMAGES)) {
    // A layer from an earlier time may differ in what no cache looks at: the times of its files.
    const flags = ["--no-cache"];
    said.set(component, await build(tagOf(component), { component, flags }));
  }
  starts = await createStarts(stack);
  copy = stack.use(await createCopy());
  directory = await mkdtemp(join(tmpdir(), "image-check-"));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
}, 600_000);

afterAll(async () => {
  await stack.disposeAsync();
});

function tagOf(name: string): string {
  return `localhost/image-check/${IMAGES[name] ?? name}`;
}

interface Variant {
  readonly component?: string;
  readonly args?: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
}

async function build(tag: string, { args = {}, flags = [], ...wanted }: Variant): Promise<string> {
  return await buildImage(engine, {
    ...wanted,
    tag,
    args: { ...baseImages, REVISION, SOURCE, ...args },
    flags: ["--network=host", ...LIMITS, ...flags],
  });
}

async function runOnce(tag: string, entrypoint?: string, ...args: string[]): Promise<string> {
  const flags = ["--rm", "--network=none", ...runtimeFlags(engine), ...LIMITS];
  if (entrypoint !== undefined) flags.push(`--entrypoint=${entrypoint}`);
  return await run([engine, "run", ...flags, tag, ...args]);
}

function startContainer(component: string, name: string): RunningProcess {
  const { args, env = {}, directory: shared } = starts[component] as Start;
  const command: string[] = [engine, "run", "--rm", `--name=${name}`, "--network=host"];
  command.push("--read-only", "--memory=128m");
  command.push("--cap-drop=all", "--security-opt=no-new-privileges");
  command.push(...runtimeFlags(engine), ...LIMITS);
  for (const [variable, value] of Object.entries(env)) command.push(`--env=${variable}=${value}`);
  if (shared !== undefined) command.push(`--volume=${shared}:${shared}:ro`);
  command.push(tagOf(component), JSON_LOG, ...args);
  return startProcess(command, { env: process.env as Record<string, string> });
}

describe.each(Object.keys(IMAGES))("the image of %s", (component) => {
  const tag = tagOf(component);
  const executable = `usr/local/bin/${IMAGES[component]}`;

  test("was told of by its build", () => {
    expect(said.get(component)).toContain(`built ${component} as ${IMAGES[component]}`);
  });

  test("says what it is, and runs by its own name and by that of the entry point as 65532", async () => {
    const [image] = JSON.parse(await run([engine, "inspect", tag])) as [
      { readonly Config: { readonly User: string; readonly Labels: Record<string, string> } },
    ];
    expect(image.Config.User).toBe("65532:65532");
    expect(image.Config.Labels).toMatchObject({
      "org.opencontainers.image.title": component,
      "org.opencontainers.image.version": version,
      "org.opencontainers.image.revision": REVISION,
      "org.opencontainers.image.source": SOURCE,
      "org.opencontainers.image.licenses": "Apache-2.0",
    });
    const expected = `${component} ${version} (revision ${SHORT_REVISION},`;
    expect(await runOnce(tag, undefined, "--version")).toStartWith(expected);
    // As `kubectl exec` does, where the image has no shell.
    expect(await runOnce(tag, IMAGES[component], "--version")).toStartWith(expected);
  });

  test("holds one executable, the same that anybody builds of this commit, and its licences", async () => {
    const contents = await readContents(engine, tag, directory);
    expect(pathsOf(contents, /^usr\/local\/bin\/./)).toEqual([
      "usr/local/bin/component",
      executable,
    ]);
    expect(pathsOf(contents, /^licenses\/./)).toEqual([
      "licenses/LICENSE",
      "licenses/third-party.txt",
    ]);
    const notices = await contents.text("licenses/third-party.txt");
    expect(notices).toContain(`in the executable of ${component}.`);
    expect(notices).toContain("GNU LESSER GENERAL PUBLIC LICENSE");
    expect(contents.entries.filter((entry) => !isSafe(entry))).toEqual([]);
    const own = contents.entries.filter(({ path }) => /^(licenses|usr\/local)\//.test(path));
    // Whenever it was built, or the layer would be another one each time.
    expect(new Set(own.map(({ date }) => date))).toEqual(new Set(["1970-01-01"]));
    const compiled = Bun.file(await copy.build(component, OWN_ARCH, SHORT_REVISION));
    expect(await contents.sha256(executable)).toBe(
      new Bun.CryptoHasher("sha256").update(await compiled.bytes()).digest("hex"),
    );
  }, 60_000);

  test("gets ready within 128 MiB on a read-only root, and ends with 0 at SIGTERM", async () => {
    const name = `image-check-${component}-${process.pid}`;
    await using container = startContainer(component, name);
    const { listener, path, beside } = starts[component] as Start;
    const url = `http://127.0.0.1:${await container.port(listener)}${path}`;
    await eventually(`${component} answers ${path}`, async () => (await fetch(url)).ok, 30_000);
    beside?.kill();
    await run([engine, "kill", "--signal=TERM", name]);
    expect((await container.ended()).code).toBe(0);
  }, 60_000);
});

function pathsOf({ entries }: Contents, pattern: RegExp): readonly string[] {
  return entries.map(({ path }) => path).filter((path) => pattern.test(path));
}

test("a build that names no component, by an engine that sets no platform, makes the webhook", async () => {
  await build(tagOf("default"), { args: { TARGETARCH: "" } });
  expect(await runOnce(tagOf("default"), undefined, "--version")).toStartWith("webhook ");
  const format = '{{ index .Config.Labels "org.opencontainers.image.title" }}';
  expect(await run([engine, "inspect", `--format=${format}`, tagOf("default")])).toBe("webhook");
});

test("a build that names one that is none fails and says which there are", async () => {
  const failed = await build(tagOf("none"), { component: "none" }).catch(String);
  expect(failed).toContain("COMPONENT=none: no such component, only webhook, sidecar, exporter");
});

describe("the build stage", () => {
  const tag = tagOf("arm64");
  const inNode = (script: string) => {
    return runOnce(tag, "node", "--eval", `const fs = require("fs"); console.log(${script})`);
  };
  /** Which of these packages are installed in it. */
  const installedOf = async (names: readonly string[]) => {
    const list = JSON.stringify(names);
    const there = 'fs.existsSync("/src/node_modules/" + name)';
    return JSON.parse(
      await inNode(`JSON.stringify(${list}.filter((name) => ${there}))`),
    ) as unknown;
  };
  beforeAll(async () => {
    const args = { TARGETARCH: "arm64" };
    await build(tag, { component: "sidecar", args, flags: ["--target=build"] });
  }, 120_000);

  test("compiles for arm64 on any machine", async () => {
    const path = `/src/out/usr/local/bin/${IMAGES.sidecar}`;
    const machine = await inNode(`fs.readFileSync("${path}").readUInt16LE(18)`);
    expect(machine).toBe(`${ELF_MACHINE_ARM64}`);
  });

  test("has no package that only development needs", async () => {
    const installed = Object.keys(dependencies);
    expect(await installedOf(installed)).toEqual(installed);
    expect(await installedOf(Object.keys(devDependencies))).toEqual([]);
  });

  test("has what .dockerignore lets in, and no test", async () => {
    const list = await inNode(`fs.readdirSync("/src", { recursive: true }).join("\\n")`);
    const paths = list.split("\n").filter((path) => !path.startsWith("node_modules/"));
    const made = ["node_modules", "dist", "out"];
    const allowed = [...(await contextPaths()), ...made].map((path) => path.split("/", 1)[0] ?? "");
    expect(new Set(paths.map((path) => path.split("/", 1)[0] ?? ""))).toEqual(new Set(allowed));
    expect(paths.filter((path) => /\.test\.ts$|(^|\/)(testing|testdata)\//.test(path))).toEqual([]);
  });
});
