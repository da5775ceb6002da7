/** The body of `POST …/identity/auth/tokens` -> who asks, and the answer (contract 2). */
import { z } from "zod";
import type { ZoneName } from "../zones.ts";
import { type Answer, jsonAnswer, keystoneError, UNAUTHORIZED } from "./answers.ts";
import { parseJson } from "./json.ts";
import type { Knobs, ZoneKnobs } from "./knobs.ts";
import type { TokenBook } from "./tokens.ts";

/** Account and password. */
export interface Credentials {
  readonly account: string;
  readonly password: string;
}

/** What a login says; `undefined` if it is none. */
export type Login = (Credentials & { readonly project: string }) | undefined;

const domain = z.object({ id: z.literal("default") });

const body = z.object({
  auth: z.object({
    identity: z.object({
      methods: z.tuple([z.literal("password")]),
      password: z.object({
        user: z.object({ domain, name: z.string(), password: z.string() }),
      }),
    }),
    scope: z.object({ project: z.object({ domain, name: z.string() }) }),
  }),
});

/** Reads what the request held. */
export function readLogin(text: string): Login {
  const asked = body.safeParse(parseJson(text));
  if (!asked.success) return undefined;
  const { identity, scope } = asked.data.auth;
  const { name, password } = identity.password.user;
  return { account: name, password, project: scope.project.name };
}

/** Every account that may log in: that of the flags, then those of the knob. */
export function accountsOf(
  own: Credentials,
  { accounts }: Pick<Knobs, "accounts">,
): readonly { readonly account: string; readonly password?: string | undefined }[] {
  return [own, ...accounts];
}

/** Answers a login: a token for the zone, or Keystone's refusal. */
export function answerLogin(
  login: Login,
  accounts: ReturnType<typeof accountsOf>,
  issuer: { readonly tokens: TokenBook; readonly zone: ZoneName; readonly knobs: ZoneKnobs },
): Answer {
  if (login === undefined) {
    return keystoneError(400, "Bad Request", "Expecting to find auth in body.");
  }
  const { account: name, password, project } = login;
  const index = accounts.findIndex((one) => one.account === name && one.password === password);
  if (index < 0 || project !== name) return UNAUTHORIZED;
  const { tokens, zone, knobs } = issuer;
  const token = tokens.issue({ zone, account: index }, knobs.tokenTtlSeconds);
  const stamp = (ms: number) =>
    new Date(ms + knobs.clockSkewSeconds * 1000).toISOString().replace("Z", "000Z");
  const ends = { present: stamp(token.endsAtMs), absent: undefined, unreadable: "in an hour" };
  const owner = { id: `0123456789abcdef0123456789ab${hex(index)}`, name };
  const home = { domain: { id: "default", name: "Default" } };
  const described = {
    methods: ["password"],
    issued_at: stamp(token.issuedAtMs),
    expires_at: ends[knobs.expiresAt],
    project: { ...owner, ...home },
    user: { ...owner, ...home },
    roles: [{ id: "9fe2ff9ee4384b1894a90878d3e92bab", name: "_member_" }],
    catalog: [],
    is_domain: false,
    audit_ids: ["3T2dc1CGQxyJsHdDu1xkcw"],
  };
  return jsonAnswer(knobs.tokenStatus, { token: described }, { "x-subject-token": token.text });
}

/** Ids of 32 digits whose last four tell accounts apart; the first is `cdef`. */
function hex(index: number): string {
  return ((0xcdef + index) & 0xffff).toString(16).padStart(4, "0");
}
