/**
 * Writes images into the overlay of an environment: `bun scripts/pipeline/update-overlay.ts --environment
 * dev|staging|prod (--checkout DIR | --push | --branch NAME) IMAGE…`, where IMAGE is
 * lb-exporter=REGISTRY/lb-exporter:TAG@sha256:… In a checkout it only edits; else it commits to GITOPS_REPO, to main
 * or to a branch of its own.
 */
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { isOnGitHub, pushChange, remoteUrl } from "./gitops.ts";
import { plan, setImages } from "./overlay.ts";
import { parseReference, type Reference } from "./reference.ts";
import { ENVIRONMENTS, type Environment } from "./stage.ts";

const USAGE = `Usage: bun scripts/pipeline/update-overlay.ts --environment ENVIRONMENT DESTINATION IMAGE…

ENVIRONMENT is one of ${ENVIRONMENTS.join(", ")}; an IMAGE is lb-exporter=REGISTRY/lb-exporter:TAG@sha256:…
DESTINATION is one of
  --checkout DIR  edits this checkout of the GitOps repository, and commits nothing
  --push          commits to main of $GITOPS_REPO, with $GITOPS_TOKEN
  --branch NAME   commits to a branch of its own there`;

interface Wanted {
  readonly environment: Environment;
  readonly references: readonly Reference[];
  readonly checkout: string | undefined;
  readonly branch: string | undefined;
}

/** Throws a `RangeError` or a `TypeError` that says what is wrong with the command line. */
function wanted(args: readonly string[]): Wanted {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      environment: { type: "string" },
      checkout: { type: "string" },
      push: { type: "boolean" },
      branch: { type: "string" },
    },
  });
  const { checkout, push, branch } = values;
  const environment = ENVIRONMENTS.find((one) => one === values.environment);
  if (environment === undefined) {
    throw new RangeError(`--environment is one of ${ENVIRONMENTS.join(", ")}`);
  }
  if ([checkout, push, branch].filter((value) => value !== undefined).length !== 1) {
    throw new RangeError("One of --checkout, --push and --branch is needed");
  }
  if (branch !== undefined && !/^[\w][\w.-]*$/.test(branch)) {
    throw new RangeError(`--branch "${branch}" is no name of a branch`);
  }
  return { environment, references: positionals.map(parseReference), checkout, branch };
}

async function edit(checkout: string, { environment, references }: Wanted): Promise<void> {
  // All are edited before the first is written: it is all of them or none.
  const edited = new Map<string, string>();
  for (const [path, images] of plan(environment, references)) {
    const file = join(checkout, path);
    edited.set(file, setImages(await Bun.file(file).text(), images));
  }
  for (const [file, text] of edited) await Bun.write(file, text);
}

function message({ environment, references }: Wanted): string {
  const { GITHUB_SHA, GITHUB_REPOSITORY } = process.env;
  const [first] = plan(environment, references).values();
  const subject = `deploy(${environment}): ${first?.[0]?.tag}`;
  const images = references.map(({ name, tag, digest }) => `${name}:${tag}@${digest}`);
  const source = GITHUB_SHA ? ["", `Built from ${GITHUB_REPOSITORY}@${GITHUB_SHA}.`] : [];
  return [subject, "", ...images, ...source].join("\n");
}

/** Commits it to the GitOps repository, if there is one. Gives what is to be told. */
async function deploy(asked: Wanted): Promise<string> {
  const { GITOPS_REPO, GITOPS_TOKEN, GITHUB_OUTPUT } = process.env;
  const { environment, branch } = asked;
  // Wrong images fail also where there is nowhere to write them.
  const text = message(asked);
  if (!GITOPS_REPO || !GITOPS_TOKEN) {
    return "GITOPS_REPO or GITOPS_TOKEN is not set: nothing is deployed.";
  }
  const remote = { url: remoteUrl(GITOPS_REPO), token: GITOPS_TOKEN };
  const result = await pushChange(remote, {
    edit: (folder) => edit(folder, asked),
    message: text,
    ...(branch === undefined ? {} : { branch }),
  });
  if (result.kind === "same") return `${environment} has these images already.`;
  const pushed = `${environment}: pushed ${result.commit} to ${branch ?? "main"}.`;
  if (branch === undefined) return pushed;
  if (!isOnGitHub(remote.url)) return `${pushed} It is for you to open the request to merge it.`;
  if (GITHUB_OUTPUT) await appendFile(GITHUB_OUTPUT, "pull-request=true\n");
  return pushed;
}

async function main(args: readonly string[]): Promise<number> {
  if (args.includes("--help")) {
    console.log(USAGE);
    return 0;
  }
  try {
    const asked = wanted(args);
    if (asked.checkout === undefined) console.log(await deploy(asked));
    else await edit(asked.checkout, asked);
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 1;
  }
}

process.exit(await main(process.argv.slice(2)));
