/** A web configuration file, with the files that it names -> everything the listener needs, or every problem. */
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Users } from "./basic-auth.ts";
import { readWebConfig } from "./config.ts";
import { type Material, type ReadFile, readMaterial } from "./material.ts";
import type { RateLimit } from "./rate-limit.ts";
import type { WebFields } from "./schema.ts";

/** What is in force while it is the newest that could be used. */
export interface WebSettings {
  readonly tls?: Material;
  readonly users: Users;
  /** Names and values. */
  readonly headers: readonly (readonly [string, string])[];
  readonly rateLimit?: RateLimit;
}

export type Loaded = {
  /** The file and those that it names, with what they held. */
  readonly sources: ReadonlyMap<string, string>;
} & (
  | {
      readonly kind: "usable";
      readonly settings: WebSettings;
      readonly warnings: readonly string[];
    }
  | { readonly kind: "unusable"; readonly problems: readonly string[] }
);

/** Reads the file at `path`, given by `flag`, and all that it names. */
export async function loadWeb(path: string, flag: string): Promise<Loaded> {
  const sources = new Map<string, string>();
  const read: ReadFile = (file) => {
    const found = readSource(file);
    sources.set(file, "text" in found ? found.text : found.code);
    return found;
  };
  const found = read(resolve(path));
  if ("code" in found) {
    const problem = `${flag} "${path}": cannot be read (${found.code})`;
    return { kind: "unusable", problems: [problem], sources };
  }
  const config = readWebConfig(path, found.text);
  if (config.kind === "unusable") return { ...config, sources };
  const { fields, warnings, describe } = config;
  const asked = fields.tls_server_config;
  const tls =
    (asked?.cert_file ?? asked?.cert)
      ? readMaterial(asked, read, { configFile: path, describe })
      : undefined;
  if (tls !== undefined && "problems" in tls) {
    return { kind: "unusable", problems: tls.problems, sources };
  }
  return {
    kind: "usable",
    settings: { ...settingsOf(fields), ...(tls && { tls }) },
    warnings,
    sources,
  };
}

function settingsOf(fields: WebFields): WebSettings {
  const { http_server_config: http, basic_auth_users: users, rate_limit: rate } = fields;
  const headers = Object.entries(http?.headers ?? {}).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  const { interval: intervalMs = 0, burst = 0 } = rate ?? {};
  return {
    users: new Map(Object.entries(users ?? {})),
    headers,
    ...(intervalMs > 0 && { rateLimit: { intervalMs, burst } }),
  };
}

/** Whether none of the files has changed since it was read. */
export function isUnchanged(sources: ReadonlyMap<string, string>): boolean {
  return [...sources].every(([path, before]) => {
    const now = readSource(path);
    return ("text" in now ? now.text : now.code) === before;
  });
}

/** The directories that the files are in. */
export function directoriesOf(sources: ReadonlyMap<string, string>): string[] {
  return [...new Set([...sources.keys()].map((path) => dirname(path)))].sort();
}

function readSource(path: string): ReturnType<ReadFile> {
  try {
    return { text: readFileSync(path, "utf8") };
  } catch (error) {
    return { code: error instanceof Error && "code" in error ? String(error.code) : String(error) };
  }
}
