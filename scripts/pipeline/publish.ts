/**
 * Builds the images for both architectures by docker buildx: `bun scripts/pipeline/publish.ts [--push --out FILE]
 * [COMPONENT…]`. With --push they go to REGISTRY under the tags of GITHUB_REF, and FILE gets a line for each
 * (reference.ts).
 */
import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { version } from "../../package.json" with { type: "json" };
import { componentsOf } from "../build.ts";
import { IMAGES } from "../images/engine.ts";
import { formatReference, parseReference, type Reference } from "./reference.ts";
import { type Stage, stageOf } from "./stage.ts";

const ROOT = join(import.meta.dir, "../..");
const PLATFORMS = "linux/amd64,linux/arm64";
/** By digest, as create-builder.sh has the builder: the tag that buildx would take by itself is moved. */
const SCANNER =
  "docker.io/docker/buildkit-syft-scanner:1.12.0@sha256:ae4f3b554449e7e25548e7d8ccc029d17357348e30c6e3df01b92bc93654d6a9";

const USAGE = `Usage: bun scripts/pipeline/publish.ts [--push --out FILE] [${Object.keys(IMAGES).join("|")}…]

Builds the images, all if none is named, for ${PLATFORMS} by docker buildx.
  --push      to $REGISTRY, under the tags of $GITHUB_REF and $GITHUB_SHA
  --out FILE  where a line for each image goes that was pushed (default images.txt)`;

type Environment = Readonly<Record<string, string | undefined>>;

/** What is built, for the labels of the image. */
function labels(env: Environment): readonly string[] {
  const { GITHUB_SHA = "unknown", GITHUB_SERVER_URL, GITHUB_REPOSITORY } = env;
  const source = GITHUB_REPOSITORY ? `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}` : "";
  return [`VERSION=${version}`, `REVISION=${GITHUB_SHA}`, `SOURCE=${source}`];
}

/** Throws a `RangeError` if nothing is published from where this runs. */
function stageHere({ REGISTRY, GITHUB_REF = "", GITHUB_SHA = "" }: Environment): Stage {
  if (!REGISTRY) throw new RangeError("REGISTRY is not set: there is nowhere to push to");
  const stage = stageOf(GITHUB_REF, GITHUB_SHA);
  if (stage !== undefined) return stage;
  throw new RangeError(`Nothing is published from ${GITHUB_REF || "here"} (GITHUB_REF)`);
}

/** Throws an `Error` if docker fails; what it has to say is on stderr already. */
async function build(component: string, env: Environment, flags: readonly string[]): Promise<void> {
  const args = [`COMPONENT=${component}`, ...labels(env)].flatMap((arg) => ["--build-arg", arg]);
  const command = ["docker", "buildx", "build", "--platform", PLATFORMS, ...args, ...flags, ROOT];
  const { exited } = Bun.spawn(command, { env, stdin: "ignore", stdout: "inherit" });
  const code = await exited;
  if (code !== 0) throw new Error(`docker buildx build of ${component} ended with ${code}`);
}

/** Builds and pushes one image with its SBOM and provenance. Gives what was pushed. */
async function push(component: string, env: Environment, stage: Stage): Promise<Reference> {
  const image = IMAGES[component] ?? component;
  const name = `${env.REGISTRY}/${image}`;
  const directory = await mkdtemp(join(tmpdir(), "publish-"));
  try {
    const metadata = join(directory, "metadata.json");
    const tags = stage.tags.flatMap((tag) => ["--tag", `${name}:${tag}`]);
    const attestations = [`--sbom=generator=${SCANNER}`, "--provenance=mode=max"];
    await build(component, env, [
      ...tags,
      ...attestations,
      `--metadata-file=${metadata}`,
      "--push",
    ]);
    const written = (await Bun.file(metadata).json()) as { "containerimage.digest"?: string };
    const digest = written["containerimage.digest"] ?? "";
    return parseReference(formatReference({ image, name, tag: stage.tags[0], digest }));
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function publish(components: readonly string[], out: string, env: Environment) {
  const stage = stageHere(env);
  const references: Reference[] = [];
  for (const component of components) references.push(await push(component, env, stage));
  await writeFile(out, references.map((one) => `${formatReference(one)}\n`).join(""));
  // For the steps that sign one image.
  const [first, second] = references;
  if (env.GITHUB_OUTPUT && first !== undefined && second === undefined) {
    await appendFile(env.GITHUB_OUTPUT, `name=${first.name}\ndigest=${first.digest}\n`);
  }
}

async function main(): Promise<number> {
  const { env } = process;
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        push: { type: "boolean" },
        out: { type: "string", default: "images.txt" },
        help: { type: "boolean" },
      },
    });
    if (values.help) {
      console.log(USAGE);
      return 0;
    }
    const components = componentsOf(positionals);
    if (values.push) await publish(components, values.out, env);
    else for (const component of components) await build(component, env, []);
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  }
}

process.exit(await main());
