/** A stand-in for kubectl that records how it was called and answers by a table. */
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What kubectl does where its arguments fit. */
export interface Answer {
  /** A glob of bash for all arguments, joined by blanks. */
  readonly when: string;
  /** Only once a call has been made that has this in it. */
  readonly after?: string;
  readonly out?: string;
  readonly err?: string;
  readonly code?: number;
}

/** A folder for the PATH that holds the stand-in. */
export interface StandIn extends AsyncDisposable {
  readonly folder: string;
  /** The arguments of each call, joined by blanks. */
  calls(): Promise<readonly string[]>;
}

/** The first answer that fits is given; a call that none fits does nothing and succeeds. */
export async function standIn(answers: readonly Answer[]): Promise<StandIn> {
  const folder = await mkdtemp(join(tmpdir(), "kubectl-"));
  const log = join(folder, "calls");
  // Arguments may span lines; the log has one call a line.
  const script = [
    "#!/usr/bin/env bash",
    `line=$(printf '%s' "$*" | tr '\\n' ' ')`,
    `before=$(cat ${log} 2>/dev/null)`,
    `printf '%s\\n' "$line" >>${log}`,
    ...answers.map(arm),
  ];
  const path = join(folder, "kubectl");
  await writeFile(path, `${script.join("\n")}\n`, { mode: 0o755 });
  return {
    folder,
    calls: async () => {
      const file = Bun.file(log);
      return (await file.exists()) ? (await file.text()).trimEnd().split("\n") : [];
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

function arm({ when, after = "", out = "", err = "", code = 0 }: Answer): string {
  const glob = when.replaceAll(/[^*]+/g, quote);
  const effect = `printf %s ${quote(out)}; printf %s ${quote(err)} >&2; exit ${code}`;
  return `if [[ $line == ${glob} && $before == *${quote(after)}* ]]; then ${effect}; fi`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A folder with the few programs that a script needs before it looks for kubectl, and without that. */
export async function withoutKubectl(): Promise<AsyncDisposable & { readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), "no-kubectl-"));
  for (const program of ["cat", "dirname"]) {
    await symlink(Bun.which(program) ?? "", join(folder, program));
  }
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}
