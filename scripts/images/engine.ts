/** Which container engine this machine has, and the images that are built by it. */
import { join } from "node:path";
import { version } from "../../package.json" with { type: "json" };
import { runToEnd } from "../run.ts";

/** The images by component, as manifests name them. */
export const IMAGES: Readonly<Record<string, string>> = {
  webhook: "prometheus-metrics-proxy-hook",
  sidecar: "prometheus-metrics-proxy",
  exporter: "lb-exporter",
};

/** What builds images, in the order in which they are tried. */
export const BUILDERS = ["docker", "podman", "buildah"] as const;
export type Engine = (typeof BUILDERS)[number];

/** Those of them that run containers, too. Rootless podman may be without the right to limit memory. */
export const RUNNERS: readonly Engine[] = ["docker", "podman"];

const ROOT = join(import.meta.dir, "../..");

/** The first engine of these that answers. Throws an `Error` that says how to get one. */
export async function findEngine(wanted: readonly Engine[] = BUILDERS): Promise<Engine> {
  for (const engine of wanted) {
    if (Bun.which(engine) === null) continue;
    // The client of docker is often there without its engine.
    const { code } = await runToEnd([engine, "info"]);
    if (code === 0) return engine;
  }
  const why = wanted.includes("buildah") ? "" : " Containers are run here: buildah only builds.";
  const how = "Debian and Ubuntu: apt-get install podman runc";
  throw new Error(`${wanted.join(", ")}: none of them works here.${why} ${how}`);
}

/** What is built, and from what. */
export interface Build {
  /** Without it, what the Dockerfile makes by itself. */
  readonly component?: string;
  /** `name:tag` of the result. */
  readonly tag: string;
  /** Arguments of the Dockerfile. */
  readonly args: Readonly<Record<string, string>>;
  /** Further flags of the engine. */
  readonly flags?: readonly string[];
}

/** Builds one image. Gives what the engine has said; throws an `Error` with it. */
export async function buildImage(engine: Engine, wanted: Build): Promise<string> {
  const component = wanted.component === undefined ? {} : { COMPONENT: wanted.component };
  const args = { ...component, VERSION: version, ...wanted.args };
  const command = [
    engine,
    "build",
    ...runtimeFlags(engine),
    ...Object.entries(args).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]),
    ...(wanted.flags ?? []),
    "--tag",
    wanted.tag,
    ROOT,
  ];
  const { code, stdout, stderr } = await runToEnd(command);
  const said = `${stdout}${stderr}`;
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}:\n${said}`);
  return said;
}

/** crun of Debian 12, which is podman's choice, refuses machines with both generations of cgroups. */
export function runtimeFlags(engine: Engine): readonly string[] {
  return engine !== "docker" && Bun.which("runc") !== null ? ["--runtime=runc"] : [];
}
