/** A Git ref -> the environment that it is built for, and the tags of its images. */

export const ENVIRONMENTS = ["dev", "staging", "prod"] as const;
export type Environment = (typeof ENVIRONMENTS)[number];

/** What a push to a ref is for. */
export interface Stage {
  readonly environment: Environment;
  /** The first is the one that the overlay names. */
  readonly tags: readonly [string, ...string[]];
}

const BRANCHES: Readonly<Record<string, Environment>> = { develop: "dev", main: "staging" };
const COMMIT = /^[0-9a-f]{40}$/;
const RELEASE = /^refs\/tags\/(v(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){2})$/;

/** Gives `undefined` for a ref that nothing is published from. Throws a `RangeError` for what is no commit. */
export function stageOf(ref: string, commit: string): Stage | undefined {
  if (!COMMIT.test(commit)) throw new RangeError(`"${commit}" is no commit: 40 hex digits are`);
  const [, release] = RELEASE.exec(ref) ?? [];
  if (release !== undefined) return { environment: "prod", tags: [release] };
  const branch = ref.replace(/^refs\/heads\//, "");
  if (branch === ref || !Object.hasOwn(BRANCHES, branch)) return undefined;
  const environment = BRANCHES[branch];
  if (environment === undefined) return undefined;
  return { environment, tags: [`${branch}-latest`, `sha-${commit.slice(0, 12)}`] };
}
