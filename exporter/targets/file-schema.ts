/** What the configuration file may hold: the shape of an account and of a zone, and what each value may be. */
import { z } from "zod";
import { httpUrl, nonEmpty, type TextSchema } from "../../shared/values.ts";
import { ZONE_NAMES, type ZoneName } from "../ktcloud/zones.ts";
import { nearestWord } from "../nearest.ts";
import { TARGET_SCHEMAS } from "./flags.ts";

const IN_QUOTES =
  "must be text: put it in quotes, since YAML makes something else of it and may change it, as 0123 or 1e5";

/** What is said of a value of the wrong kind. */
function expected(what: string) {
  return {
    error: ({ input }: { readonly input?: unknown }) => {
      if (input === undefined) return "is required";
      if (input === null) return `is empty, must be ${what}`;
      return what === "text" && typeof input !== "object" ? IN_QUOTES : `must be ${what}`;
    },
  };
}

/** Text, as the schemas of flags take it. */
function text<T>(schema: TextSchema<T>) {
  return z.string(expected("text")).pipe(schema);
}

/** Text or a number: what YAML makes a number of is one here, too. */
function scalar<T>(schema: TextSchema<T>) {
  return z.preprocess(numberAsText, z.string(expected("text or a number"))).pipe(schema);
}

function numberAsText(value: unknown): unknown {
  return typeof value === "number" ? String(value) : value;
}

/** A list, or one element that stands for a list of one. */
const patterns = z.preprocess(
  (value) => (typeof value === "string" ? [value] : value),
  z.array(text(TARGET_SCHEMAS.pattern), expected("a regular expression or a list of them")),
);

const zoneName = z.string(expected("text")).transform((name, context): ZoneName => {
  const zone = ZONE_NAMES.find((known) => known === name);
  if (zone !== undefined) return zone;
  const near = nearestWord(name, ZONE_NAMES);
  const message = `must be one of ${ZONE_NAMES.join(", ")}${near ? `; did you mean ${near}?` : ""}`;
  context.issues.push({ code: "custom", message, input: name });
  return z.NEVER;
});

/** What an account may say for all its zones, and a zone for itself. */
const settings = {
  dialect: text(TARGET_SCHEMAS.dialect).optional(),
  include: patterns.optional(),
  exclude: patterns.optional(),
  timeout: scalar(TARGET_SCHEMAS.timeout).optional(),
  concurrency: scalar(TARGET_SCHEMAS.concurrency).optional(),
  spacing: scalar(TARGET_SCHEMAS.spacing).optional(),
};

const zoneShape = { zone: zoneName, ...settings };

const zone = z.preprocess(
  (value) => (typeof value === "string" ? { zone: value } : value),
  z.strictObject(zoneShape, expected("the name of a zone, or a mapping with zone")),
);

const accountShape = {
  name: text(nonEmpty()),
  id: text(nonEmpty()).optional(),
  id_file: text(nonEmpty()).optional(),
  password: z.string(expected("text")).min(1, "must not be empty").optional(),
  password_file: text(nonEmpty()).optional(),
  api_url: text(httpUrl()).optional(),
  ...settings,
  zones: z.array(zone, expected("a list of zones")).min(1, "must name at least one zone"),
};

const fileShape = {
  accounts: z
    .array(
      z.strictObject(accountShape, expected("a mapping with name, id, password and zones")),
      expected("a list of accounts"),
    )
    .min(1, "must name at least one account"),
};

/**
 * The whole file. Whether each account has one id and one password, and nothing is there twice, is for
 * `file-checks.ts`, so that it is also told beside other problems.
 */
export const fileSchema = z.strictObject(fileShape, expected("a mapping with accounts"));

export type TargetFile = z.output<typeof fileSchema>;
export type AccountEntry = TargetFile["accounts"][number];
export type ZoneEntry = AccountEntry["zones"][number];

/** The keys that are known where a path of so many steps ends. */
export function knownKeys(depth: number): readonly string[] {
  const shape = [fileShape, undefined, accountShape, undefined, zoneShape][depth];
  return Object.keys(shape ?? {});
}
