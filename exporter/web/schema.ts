/** The web configuration as YAML holds it, every scalar a text -> typed fields, with what is allowed in words. */
import { z } from "zod";
import { duration } from "../../shared/values.ts";
import {
  CLIENT_AUTH,
  CLIENT_AUTH_ALIAS,
  type ClientAuth,
  CURVES,
  type CurveName,
  SUITE_NAMES,
  VERSIONS,
  type VersionName,
} from "./names.ts";

const HOUR_MS = 3_600_000;

/** From here on a login takes the better part of a minute of CPU. The toolkit's documentation ends here, too. */
const MAX_BCRYPT_COST = 18;

/** An empty value is as good as none, as in Go, which has no other. */
function optional<T extends z.ZodType>(schema: T) {
  return z.preprocess((value) => (value === "" ? undefined : value), schema.optional()).optional();
}

function keysOf<T extends string>(table: Readonly<Record<T, unknown>>): [T, ...T[]] {
  return Object.keys(table) as [T, ...T[]];
}

function oneOf<const T extends readonly [string, ...string[]]>(words: T) {
  return z.enum(words, { error: `must be one of ${words.join(", ")}` });
}

const text = z.string({ error: "must be text" });

const listOf = <T extends z.ZodType>(item: T) =>
  z
    .array(item, { error: "must be a list" })
    .min(1, "must name at least one; leave it out for the default");

const section = <T extends z.ZodRawShape>(shape: T) =>
  z.strictObject(shape, {
    error: (issue) => (issue.code === "invalid_type" ? "must be a section" : undefined),
  });

/** The words of YAML 1.1, which is what Go reads. */
const flag = text.transform((value, context) => {
  if (/^(?:true|yes|on|y)$/i.test(value)) return true;
  if (/^(?:false|no|off|n)$/i.test(value)) return false;
  context.addIssue("must be true or false");
  return z.NEVER;
});

const interval = text
  .transform((value) => (value === "0" ? "0s" : value))
  .pipe(duration(0, HOUR_MS));

const burst = text
  .regex(/^\d{1,9}$/, "must be a whole number of requests")
  .transform((value) => Number(value));

/** What a header's value may be made of (RFC 9110, 5.5). */
const headerValue = text.regex(
  /^[\t\x20-\x7e\x80-\xff]*$/,
  "must be one line without control characters",
);

/** 128 bits of salt and 184 of hash in bcrypt's Base64: the last digit of each has unused bits, which are 0. */
const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{30}[.CGKOSWaeimquy26]$/;

const bcryptHash = text.superRefine((value, context) => {
  const cost = Number(BCRYPT.exec(value)?.[1]);
  if (cost >= 4 && cost <= MAX_BCRYPT_COST) return;
  context.addIssue(
    Number.isNaN(cost)
      ? 'must be a bcrypt hash, 60 characters that begin with $2a$, $2b$ or $2y$, such as htpasswd -nBC 10 "" prints'
      : `must be a bcrypt hash of a cost from 4 to ${MAX_BCRYPT_COST}, not ${cost}`,
  );
});

const userName = text.regex(
  /^[^:]*$/,
  "must be a user without a colon, which ends the user in a request (RFC 7617)",
);

const clientAuth = z
  .enum([...CLIENT_AUTH, CLIENT_AUTH_ALIAS], { error: `must be one of ${CLIENT_AUTH.join(", ")}` })
  .transform((word): ClientAuth => (word === CLIENT_AUTH_ALIAS ? "RequireAnyClientCert" : word));

const tls = section({
  cert_file: optional(text),
  key_file: optional(text),
  cert: optional(text),
  key: optional(text),
  client_auth_type: optional(clientAuth),
  client_ca_file: optional(text),
  client_ca: optional(text),
  client_allowed_sans: optional(listOf(text.min(1, "must be text that is not empty"))),
  min_version: optional(oneOf(keysOf<VersionName>(VERSIONS))),
  max_version: optional(oneOf(keysOf<VersionName>(VERSIONS))),
  cipher_suites: optional(listOf(oneOf(SUITE_NAMES))),
  prefer_server_cipher_suites: optional(flag),
  curve_preferences: optional(listOf(oneOf(keysOf<CurveName>(CURVES)))),
});

const headers = section({
  "Content-Security-Policy": optional(headerValue),
  "X-Frame-Options": optional(oneOf(["deny", "sameorigin"])),
  "X-Content-Type-Options": optional(oneOf(["nosniff"])),
  "X-XSS-Protection": optional(headerValue),
  "Strict-Transport-Security": optional(headerValue),
});

/** Users without a line each are still users, if none: that is worth a word. */
const users = z.preprocess(
  (value, context) => {
    if (typeof value === "object" && value !== null && Object.hasOwn(value, "__proto__")) {
      // The schema would pass over it without a word, and nobody would be asked for a password.
      const message = "is a name that no user can have";
      context.addIssue({ code: "custom", path: ["__proto__"], message, input: value });
    }
    return value === "" ? {} : value;
  },
  z.record(userName, bcryptHash, { error: "must be a section of users and hashes" }),
);

/** Reads what the YAML parser gives for a whole file. */
export const webSchema = section({
  tls_server_config: optional(tls),
  http_server_config: optional(section({ http2: optional(flag), headers: optional(headers) })),
  basic_auth_users: users.optional(),
  rate_limit: optional(section({ interval: optional(interval), burst: optional(burst) })),
});

/** The fields as they were written, checked one by one. */
export type WebFields = z.output<typeof webSchema>;
export type TlsFields = z.output<typeof tls>;

/** Which keys there are at a place, to find the one that was meant. */
export function keysAt(path: readonly PropertyKey[]): string[] {
  const shapes: Readonly<Record<string, z.ZodRawShape>> = {
    "": webSchema.shape,
    tls_server_config: tls.shape,
    http_server_config: { http2: flag, headers },
    "http_server_config.headers": headers.shape,
    rate_limit: { interval, burst },
  };
  return Object.keys(shapes[path.join(".")] ?? {});
}
