/** Which container engine this machine has, and the images that are built by it. */
import { join } from "node:path";
import { version } from "../../package.json" with { type: "json" };
import { runProcess } from "../../shared/testing/process.ts";

/** The images by component, as manifests name them. */
export const IMAGES: Readonly<Record<string, string>> = {
  webhook: "prometheus-metrics-proxy-hook",
  sidecar: "prometheus-metrics-proxy",
  exporter: "lb-exporter",
};

export const ENGINES = ["docker", "podman", "buildah"] as const;
export type Engine = (typeof ENGINES)[number];

const ROOT = join(import.meta.dir, "../..");

/** The first engine of these that answers. Throws an `Error` that says how to get one. */
export async function findEngine(wanted: readonly Engine[] = ENGINES): Promise<Engine> {
  for (const engine of wanted) {
    if (Bun.which(engine) === null) continue;
    // The client of docker is often there without its engine.
    const { code } = await runProcess([engine, "info"], { env: environment() });
    if (code === 0) return engine;
  }
  throw new Error(
    `${wanted.join(", ")}: none of them works here. Debian and Ubuntu: apt-get install podman runc`,
  );
}

/** What is built, and from what. */
export interface Build {
  readonly component: string;
  /** `name:tag` of the result. */
  readonly tag: string;
  /** Arguments of the Dockerfile. */
  readonly args: Readonly<Record<string, string>>;
  /** Further flags of the engine. */
  readonly flags?: readonly string[];
}

/** Builds one image. Throws an `Error` with what the engine has said. */
export async function buildImage(engine: Engine, wanted: Build): Promise<void> {
  const args = { COMPONENT: wanted.component, VERSION: version, ...wanted.args };
  await run([
    engine,
    "build",
    ...Object.entries(args).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]),
    ...(wanted.flags ?? []),
    "--tag",
    wanted.tag,
    ROOT,
  ]);
}

/** Runs a command to its end. Throws an `Error` with its output if it fails. */
export async function run(command: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runProcess(command, { env: environment() });
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}:\n${stdout}${stderr}`);
  return stdout.trim();
}

/** Engines look for their configuration below HOME. */
export function environment(): Readonly<Record<string, string>> {
  const { PATH = "", HOME = "", DOCKER_HOST, XDG_RUNTIME_DIR } = process.env;
  return {
    PATH,
    HOME,
    ...(DOCKER_HOST === undefined ? {} : { DOCKER_HOST }),
    ...(XDG_RUNTIME_DIR === undefined ? {} : { XDG_RUNTIME_DIR }),
  };
}
