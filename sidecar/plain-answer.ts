/** A status and a sentence -> an answer. */
import type { Body } from "./transmit.ts";

/** A short answer in words, with further header lines where needed. */
export function plainAnswer(status: number, text: string, more = ""): Body {
  const headers = `Content-Type: text/plain; charset=utf-8\r\n${more}`;
  return { status, statusText: "", headers, body: Buffer.from(`${text}\n`) };
}
