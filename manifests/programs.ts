/** Our programs by the name of their image: where they are, and what they say about themselves. */
import { join } from "node:path";
import { version } from "../package.json" with { type: "json" };
import { runProcess } from "../shared/testing/process.ts";
import type { Programs } from "./policy/programs.ts";

const FOLDERS = {
  "lb-exporter": "exporter",
  "prometheus-metrics-proxy": "sidecar",
  "prometheus-metrics-proxy-hook": "webhook",
} as const;

/** The command that runs the program of an image from source. Throws a `RangeError` for an image that is not ours. */
export function commandOf(image: string): readonly string[] {
  const folder = (FOLDERS as Readonly<Record<string, string>>)[image];
  if (folder === undefined) throw new RangeError(`No program for the image ${image}`);
  return [process.execPath, join(import.meta.dir, "..", folder, "main.ts")];
}

/** Asks every program for its page of help. */
export async function readPrograms(): Promise<Programs> {
  const entries = Object.keys(FOLDERS).map(async (image) => {
    const { code, stdout, stderr } = await runProcess([...commandOf(image), "--help"]);
    if (code !== 0) throw new Error(`${image} --help ended with ${code}: ${stderr}`);
    return [image, { version, help: stdout }] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}
