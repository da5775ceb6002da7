/** What texts tell people to run in our containers. */

export interface Command {
  /** As it is written. */
  readonly text: string;
  readonly program: string;
  /** Files below /etc that it names. */
  readonly files: readonly string[];
}

/** Every `kubectl exec … -- PROGRAM …` in code and between backquotes. */
export function commandsIn(text: string): readonly Command[] {
  return [...text.matchAll(/\bkubectl [^\n`]*\bexec\b[^\n`]* -- ([^\n`|<#]+)/g)].map(
    ([whole, rest = ""]) => readCommand(whole, rest),
  );
}

/** Every command between quotes in the words of an alert. */
export function quotedIn(words: string): readonly Command[] {
  return [...words.matchAll(/"([a-z][^"{]*)"/g)].map(([, rest = ""]) => readCommand(rest, rest));
}

function readCommand(text: string, rest: string): Command {
  const [program = "", ...args] = rest.trim().split(/\s+/);
  const files = args.flatMap((arg) => /(?:^|=)(\/etc\/\S+)$/.exec(arg)?.[1] ?? []);
  return { text: text.trim(), program, files };
}

/** The programs that the images have, by the case of the Dockerfile that names them. */
export function programsIn(dockerfile: string): readonly string[] {
  return [...dockerfile.matchAll(/\b\w+\) name=([\w-]+) ;;/g)].map(([, name = ""]) => name);
}
