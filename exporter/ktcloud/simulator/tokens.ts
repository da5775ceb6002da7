/** The simulator's tokens: issued for a zone, valid until their end or until all are revoked. */
import type { ZoneName } from "../zones.ts";

/** Tokens by their text. */
export interface TokenBook {
  /** A new token and when it was issued and ends, in ms since the epoch. */
  issue(zone: ZoneName, ttlSeconds: number): { text: string; issuedAtMs: number; endsAtMs: number };
  isValid(text: string | undefined, zone: ZoneName): boolean;
  revokeAll(): void;
  /** How many were ever issued. */
  issued(): number;
}

/** An empty book. */
export function createTokenBook(now: () => number): TokenBook {
  const tokens = new Map<string, { zone: ZoneName; endsAtMs: number }>();
  let issued = 0;
  return {
    issue: (zone, ttlSeconds) => {
      issued += 1;
      // Looks like a Fernet token, as Keystone issues them (contract 2.2).
      const text = `gAAAA${crypto.randomUUID().replaceAll("-", "").repeat(4)}`;
      const issuedAtMs = now();
      const endsAtMs = issuedAtMs + ttlSeconds * 1000;
      tokens.set(text, { zone, endsAtMs });
      return { text, issuedAtMs, endsAtMs };
    },
    isValid: (text, zone) => {
      const token = tokens.get(text ?? "");
      return token !== undefined && token.zone === zone && now() < token.endsAtMs;
    },
    revokeAll: () => tokens.clear(),
    issued: () => issued,
  };
}
