/** The simulator's tokens: issued to an account for a zone, valid until their end or until all are revoked. */
import type { ZoneName } from "../zones.ts";

/** Tokens by their text. */
export interface TokenBook {
  /** A new token and when it was issued and ends, in ms since the epoch. */
  issue(
    owner: { readonly zone: ZoneName; readonly account: number },
    ttlSeconds: number,
  ): { text: string; issuedAtMs: number; endsAtMs: number };
  /** Whose a token is, if it is good in that zone now. */
  ownerOf(text: string | undefined, zone: ZoneName): number | undefined;
  revokeAll(): void;
  /** How many were ever issued. */
  issued(): number;
}

/** Beyond so many, those that have ended are forgotten when one is issued. */
const KEPT = 1000;

/** An empty book. */
export function createTokenBook(now: () => number): TokenBook {
  const tokens = new Map<string, { zone: ZoneName; account: number; endsAtMs: number }>();
  let issued = 0;
  return {
    issue: (owner, ttlSeconds) => {
      issued += 1;
      const issuedAtMs = now();
      if (tokens.size >= KEPT) forgetEnded(tokens, issuedAtMs);
      // Looks like a Fernet token, as Keystone issues them (contract 2.2).
      const text = `gAAAA${crypto.randomUUID().replaceAll("-", "").repeat(4)}`;
      const endsAtMs = issuedAtMs + ttlSeconds * 1000;
      tokens.set(text, { ...owner, endsAtMs });
      return { text, issuedAtMs, endsAtMs };
    },
    ownerOf: (text, zone) => {
      const token = tokens.get(text ?? "");
      return token?.zone === zone && now() < token.endsAtMs ? token.account : undefined;
    },
    revokeAll: () => tokens.clear(),
    issued: () => issued,
  };
}

function forgetEnded(tokens: Map<string, { endsAtMs: number }>, nowMs: number): void {
  for (const [text, { endsAtMs }] of tokens) if (endsAtMs <= nowMs) tokens.delete(text);
}
