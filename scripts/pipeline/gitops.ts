/** A clone of the GitOps repository: edited, committed, and pushed again if somebody else was quicker. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runToEnd } from "../run.ts";

/** Where the pipeline's commits go. */
export interface Remote {
  readonly url: string;
  /** Only git's credential helper reads it: it is in no argument, no file and no output. */
  readonly token: string;
}

/** What is to be pushed. */
export interface Change {
  /** Edits the checkout; is called again, on a newer one, after a race. */
  readonly edit: (checkout: string) => Promise<void>;
  readonly message: string;
  /** A branch of its own instead of main. */
  readonly branch?: string;
}

export type Result =
  | { readonly kind: "pushed"; readonly commit: string }
  | { readonly kind: "same" };

const MAIN = "main";
const TRIES = 5;
const AUTHOR = ["-c", "user.name=pipeline", "-c", "user.email=pipeline@localhost"];
// The empty one takes away the helpers of the machine's own configuration.
const HELPER =
  '!f() { test "$1" = get && echo username=x-access-token && echo "password=$GITOPS_TOKEN"; }; f';
const CREDENTIALS = ["-c", "credential.helper=", "-c", `credential.helper=${HELPER}`];

/** `owner/name` on github.com, or a URL. Throws a `RangeError` that does not show it: it is a secret's value. */
export function remoteUrl(repository: string): string {
  if (/^[\w.-]+\/[\w.-]+$/.test(repository)) return `https://github.com/${repository}.git`;
  const url = URL.parse(repository);
  const known = url !== null && ["https:", "file:"].includes(url.protocol);
  if (known && url.username === "" && url.password === "") return url.href;
  throw new RangeError("GITOPS_REPO is neither OWNER/NAME nor an https URL without a user");
}

/** Whether gh, with a token for github.com, can open a pull request there. */
export function isOnGitHub(url: string): boolean {
  return new URL(url).host === "github.com";
}

/** Commits and pushes a change. Throws an `Error` with git's words when it cannot, or not after five races. */
export async function pushChange(remote: Remote, change: Change): Promise<Result> {
  const { edit, message, branch } = change;
  const checkout = await mkdtemp(join(tmpdir(), "gitops-"));
  try {
    const git = (...args: readonly string[]) => runGit(remote, ["-C", checkout, ...args]);
    await git("clone", "--quiet", "--depth=1", `--branch=${MAIN}`, remote.url, ".");
    for (let attempt = 1; ; attempt++) {
      await edit(checkout);
      if ((await git("status", "--porcelain")) === "") return { kind: "same" };
      await git("add", "--all");
      await git(...AUTHOR, "commit", "--quiet", `--message=${message}`);
      // A branch of its own is nobody else's: what it had from a run that broke off is replaced.
      const refspec = branch === undefined ? `HEAD:${MAIN}` : `+HEAD:refs/heads/${branch}`;
      const refused = await attemptPush(git, refspec);
      if (refused === undefined) return { kind: "pushed", commit: await git("rev-parse", "HEAD") };
      if (attempt === TRIES) throw refused;
      await git("fetch", "--quiet", "--depth=1", "origin", MAIN);
      await git("reset", "--quiet", "--hard", "FETCH_HEAD");
    }
  } finally {
    await rm(checkout, { recursive: true, force: true });
  }
}

type Git = (...args: readonly string[]) => Promise<string>;

/** Gives the refusal of a push that somebody else's came before. Throws what any other failure says. */
async function attemptPush(git: Git, refspec: string): Promise<Error | undefined> {
  try {
    await git("push", "--quiet", "origin", refspec);
    return undefined;
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    // Porcelain words of git itself, in its own language.
    if (/non-fast-forward|fetch first|cannot lock ref|failed to update ref/.test(error.said)) {
      return error;
    }
    throw error;
  }
}

/** What git has said of a failure. */
class GitError extends Error {
  override readonly name = "GitError";
  readonly said: string;

  constructor(command: string, said: string) {
    super(`git ${command} failed:\n${said}`);
    this.said = said;
  }
}

/** Runs git without a terminal to ask on. The token is in its environment, for the helper alone. */
export async function runGit(remote: Remote, args: readonly string[]): Promise<string> {
  const { HOME = "", PATH = "" } = process.env;
  const env = { HOME, PATH, LC_ALL: "C", GIT_TERMINAL_PROMPT: "0", GITOPS_TOKEN: remote.token };
  const { code, stdout, stderr } = await runToEnd(["git", ...CREDENTIALS, ...args], { env });
  if (code === 0) return stdout.trim();
  const command = args.find((arg) => /^[a-z]+$/.test(arg)) ?? "";
  throw new GitError(command, stderr.trim());
}
