/** The flags that say what is collected from where, and the schemas that the configuration file shares with them. */
import { z } from "zod";
import type { Flags } from "../../shared/flags.ts";
import { duration, nonEmpty, oneOf, parsed, wholeNumber } from "../../shared/values.ts";
import { ZONE_NAMES } from "../ktcloud/zones.ts";
import { compilePattern } from "./pattern.ts";
import type { TargetDefaults } from "./target.ts";

const MINUTE_MS = 60_000;

const PATTERN = "a regular expression that RE2 and JavaScript read alike, at most 1000 characters";

/** What a target's settings may be, as text: the same on the command line and in the file. */
export const TARGET_SCHEMAS = {
  dialect: oneOf(["auto", "command", "rest"]),
  timeout: duration(10, 5 * MINUTE_MS),
  concurrency: wholeNumber(1, 64),
  spacing: duration(0, MINUTE_MS),
  pattern: parsed(PATTERN, (text) => (compilePattern(text) === undefined ? undefined : text)),
} as const;

/** None, or one expression: what stands for several is a `|` within it, since a comma may be part of it. */
const patterns = parsed(PATTERN, (text): readonly string[] | undefined => {
  if (text === "") return [];
  return compilePattern(text) === undefined ? undefined : [text];
});

const NEEDED = "required without --config.file";

/** What is needed where there is no configuration file. Whether it is there is for `inspectAccess`. */
export const accessFlags = {
  zone: {
    flag: "cloud.zone",
    env: "CLOUD_ZONE",
    placeholder: "ZONE",
    optional: NEEDED,
    help: `Zone whose load balancers to export: ${ZONE_NAMES.join(", ")}.`,
    schema: oneOf(ZONE_NAMES),
  },
  account: {
    flag: "cloud.id",
    env: "CLOUD_ID",
    secret: true,
    placeholder: "ID",
    optional: NEEDED,
    help: "Account to log in to KT Cloud with.",
    schema: nonEmpty(),
  },
  password: {
    flag: "cloud.password",
    env: "CLOUD_PASSWORD",
    secret: true,
    placeholder: "PASSWORD",
    optional: NEEDED,
    help: "Password of that account.",
    // Not trimmed, since blanks may belong to it.
    schema: z.string().min(1, "must be text that is not empty"),
  },
} as const satisfies Flags;

/** The flags of the configuration file and of what it may leave to them. */
export const targetFlags = {
  configFile: {
    flag: "config.file",
    placeholder: "FILE",
    default: "",
    help: "YAML file of the accounts and zones to export, read again when it changes (docs/accounts.md). Without it there is one account in one zone: CLOUD_ID, CLOUD_PASSWORD and CLOUD_ZONE.",
    schema: parsed("the path of a file", (text) => text),
  },
  configCheck: {
    flag: "config.check",
    placeholder: "true|false",
    default: "false",
    bare: "true",
    help: "Check the configuration, that of --web.config.file included, say what it holds, and end: with 0, or with 78 if it cannot be used.",
    schema: oneOf(["true", "false"]),
  },
  envFile: {
    flag: "env-file",
    placeholder: "FILE",
    default: ".env",
    help: "File of lines NAME=value, of which CLOUD_ID, CLOUD_PASSWORD, CLOUD_ZONE and their _FILE forms are read where the environment has none. The default need not exist, and is not read beside --config.file. --env-file= reads none.",
    schema: parsed("the path of a file", (text) => text),
  },
  lbInclude: {
    flag: "lb.include",
    placeholder: "REGEX",
    default: "",
    help: "Export only load balancers whose whole name matches; without it, all of them.",
    schema: patterns,
  },
  lbExclude: {
    flag: "lb.exclude",
    placeholder: "REGEX",
    default: "",
    help: "Leave out load balancers whose whole name matches, even if --lb.include has them.",
    schema: patterns,
  },
  dialect: {
    flag: "api.dialect",
    placeholder: "DIALECT",
    default: "auto",
    help: "Generation of the cloud's load balancer API: command, rest, or auto, which finds out.",
    schema: TARGET_SCHEMAS.dialect,
  },
  spacing: {
    flag: "collect.spacing",
    placeholder: "DURATION",
    default: "0s",
    help: "Least time from the start of one call of the cloud's API to the start of the next, for each account and zone.",
    schema: TARGET_SCHEMAS.spacing,
  },
} as const satisfies Flags;

/** The flags' values that a target's defaults come from. */
export interface DefaultsConfig {
  readonly apiUrl: string;
  readonly dialect: TargetDefaults["dialect"];
  readonly lbInclude: readonly string[];
  readonly lbExclude: readonly string[];
  readonly collectTimeout: number;
  readonly collectConcurrency: number;
  readonly spacing: number;
}

/** What a target has where the file says nothing else. */
export function targetDefaults(config: DefaultsConfig): TargetDefaults {
  return {
    apiUrl: config.apiUrl,
    dialect: config.dialect,
    include: config.lbInclude,
    exclude: config.lbExclude,
    timeoutMs: config.collectTimeout,
    concurrency: config.collectConcurrency,
    spacingMs: config.spacing,
  };
}
