/** The workflows and actions of .github, as text and parsed, for the tests that look at them. */
import { join } from "node:path";
import { parse } from "yaml";

export const ROOT = join(import.meta.dir, "../../..");

type Texts = Readonly<Record<string, string>>;

export interface Step {
  readonly id?: string;
  readonly name?: string;
  readonly if?: string;
  readonly run?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Texts;
}

export interface Job {
  readonly uses?: string;
  readonly if?: string;
  readonly needs?: string | readonly string[];
  readonly environment?: string;
  readonly permissions?: Texts;
  readonly env?: Texts;
  readonly outputs?: Texts;
  readonly steps?: readonly Step[];
  readonly "timeout-minutes"?: number;
  readonly strategy?: { readonly matrix?: { readonly recipe?: readonly string[] } };
}

export interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions?: unknown;
  readonly concurrency?: unknown;
  readonly env?: Texts;
  readonly defaults?: unknown;
  readonly jobs: Readonly<Record<string, Job>>;
}

export const read = async (path: string) => await Bun.file(join(ROOT, path)).text();

const paths = await Array.fromAsync(
  new Bun.Glob(".github/**/*.yml").scan({ cwd: ROOT, dot: true }),
);

/** Of every file, by path. */
export const texts: ReadonlyMap<string, string> = new Map(
  await Promise.all(paths.sort().map(async (path) => [path, await read(path)] as const)),
);

/** By the name of the file. */
export const workflows = [...texts].flatMap(([path, text]) => {
  const [, name] = /^\.github\/workflows\/(.*)\.yml$/.exec(path) ?? [];
  return name === undefined ? [] : [[name, parse(text) as Workflow] as const];
});

/** With `WORKFLOW/JOB` for a name. */
export const jobs = workflows.flatMap(([workflow, { jobs: named }]) =>
  Object.entries(named).map(([name, job]) => [`${workflow}/${name}`, job] as const),
);

/** Every step of every job. */
export const steps = jobs.flatMap(([name, job]) =>
  (job.steps ?? []).map((step) => ({ job: name, step })),
);

/** Everything that a pattern's first group matches in any of the files, once. */
export function found(pattern: RegExp): readonly string[] {
  const matches = [...texts.values()].flatMap((text) => [...text.matchAll(pattern)]);
  return [...new Set(matches.map((match) => match[1] ?? ""))];
}
