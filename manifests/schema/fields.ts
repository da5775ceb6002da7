/**
 * Objects -> the fields that their types do not know. The validators let any field pass, the types do not: the compiler
 * looks at every object as a literal of its type.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runProcess } from "../../shared/testing/process.ts";
import type { Typed } from "./kinds.ts";
import { locateErrors, type SourceLine, toLines } from "./literals.ts";

/** What kubernetes-types 1.30.0 has lost of the API: the fields that Rule gives to both. */
const AMENDED = `declare module "kubernetes-types/admissionregistration/v1" {
  interface RuleWithOperations { resources?: string[]; scope?: string }
  interface NamedRuleWithOperations { resources?: string[]; scope?: string }
}`;

const MODULES = join(import.meta.dir, "../../node_modules");

/** Runs the compiler once for all. */
export async function checkFields(subjects: readonly Typed[]): Promise<readonly string[]> {
  const directory = mkdtempSync(join(tmpdir(), "manifests-"));
  try {
    const lines: SourceLine[] = AMENDED.split("\n").map((text) => ({ text }));
    subjects.forEach(({ name, object, schema, newest, oldest }, index) => {
      const newer = { name, object, schema, type: `New${index}` };
      lines.push(...toLines(newer, `{ I${object.kind} as New${index} } from "${newest}"`));
      if (oldest === undefined) return;
      const older = { name, object, schema: "Kubernetes 1.30", type: `Old${index}` };
      lines.push(...toLines(older, `{ ${object.kind} as Old${index} } from "${oldest}"`));
    });
    writeFileSync(join(directory, "objects.ts"), lines.map(({ text }) => text).join("\n"));
    writeFileSync(join(directory, "tsconfig.json"), JSON.stringify(compilerConfig()));
    const { code, stdout } = await runProcess([
      process.execPath,
      join(MODULES, "typescript/bin/tsc"),
      "--project",
      directory,
      "--pretty",
      "false",
    ]);
    const findings = locateErrors(stdout, lines);
    if (code !== 0 && findings.length === 0) throw new Error(`tsc ended with ${code}: ${stdout}`);
    return findings;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function compilerConfig(): object {
  return {
    compilerOptions: {
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      module: "Preserve",
      moduleResolution: "bundler",
      target: "ESNext",
      lib: ["ESNext"],
      types: [],
      paths: { "*": [join(MODULES, "*")] },
    },
    files: ["objects.ts"],
  };
}
