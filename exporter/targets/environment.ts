/** CLOUD_ID, CLOUD_PASSWORD and CLOUD_ZONE, from the environment or a `.env` -> the one target that they mean. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { environmentName, missingFlag, type Values } from "../../shared/flags.ts";
import { ENV_FILE_NAMES, readEnvFile, type Variables, withVariables } from "./env-file.ts";
import { accessFlags, targetFlags } from "./flags.ts";
import type { Target, TargetDefaults, TargetSet } from "./target.ts";

const PREFIX = "EXPORTER";

type Access = Values<typeof accessFlags>;
type Chosen = Partial<Access & Pick<Values<typeof targetFlags>, "configFile">>;

/**
 * Whether there is one way of access and not two: a configuration file, or id, password and zone. For a
 * definition's `inspect`, so that it is told beside all other problems.
 */
export function inspectAccess(values: Chosen): readonly string[] {
  const { configFile } = values;
  if (configFile === undefined) return [];
  return Object.entries(accessFlags).flatMap(([key, flag]) => {
    const variable = environmentName(PREFIX, flag);
    const name = "secret" in flag ? variable : `--${flag.flag} (${variable})`;
    const known = key in values;
    const value = values[key as keyof Access];
    if (configFile !== "") {
      return known && value === undefined
        ? []
        : [`--config.file and ${name}: only one of the two may be set`];
    }
    // A faulty one is not there at all, and is reported already.
    return known && value === undefined ? [missingFlag(flag, PREFIX)] : [];
  });
}

/**
 * The target without a name. The files of `CLOUD_…_FILE` are its files, as a password in one may change.
 * Throws a RangeError for values that {@link inspectAccess} did not pass.
 */
export function environmentTargets(
  { zone, account, password }: Partial<Access>,
  env: Variables,
  defaults: TargetDefaults,
): TargetSet {
  if (zone === undefined || account === undefined || password === undefined) {
    throw new RangeError("The access was not checked");
  }
  const credentials = { account, password };
  const target: Target = { ...defaults, account: undefined, zone, credentials };
  const files = ENV_FILE_NAMES.filter((name) => name.endsWith("_FILE")).flatMap((name) => {
    const path = env[name];
    return path ? [resolve(path)] : [];
  });
  return { targets: [target], files };
}

/** What a program was started with. */
export interface Started {
  readonly argv: readonly string[];
  readonly env: Variables;
}

/**
 * The same start, with what the environment lacks taken from the file that `--env-file` names, by default
 * `.env` in the working directory. That default is not read beside `--config.file`, where it would only be
 * in the way. Throws {@link ConfigError} as {@link readEnvFile} does.
 */
export function withEnvFile<S extends Started>(started: S, readFile: (path: string) => string): S {
  const { argv, env } = started;
  const { values } = parseArgs({
    args: [...argv],
    options: {
      help: { type: "boolean", short: "h" },
      version: { type: "boolean" },
      [targetFlags.envFile.flag]: { type: "string" },
      [targetFlags.configFile.flag]: { type: "string" },
    },
    strict: false,
    allowPositionals: true,
  });
  if (values.help || values.version) return started;
  const given = (flag: typeof targetFlags.envFile | typeof targetFlags.configFile) => {
    const value = values[flag.flag];
    return typeof value === "string" ? value : env[environmentName(PREFIX, flag)] || undefined;
  };
  const named = given(targetFlags.envFile);
  if (named === "" || (named === undefined && given(targetFlags.configFile))) return started;
  const path = named ?? targetFlags.envFile.default;
  const file = readEnvFile(path, { required: named !== undefined }, readFile);
  return { ...started, env: withVariables(env, file) };
}
