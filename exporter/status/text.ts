/** Untrusted text and times -> HTML. */
import { durationInWords } from "./words.ts";

/** Longer text is cut: a page of names is to stay a page, whatever the cloud sends. */
const MAX_NAME = 200;
const MAX_MESSAGE = 600;

/** A name or a word from the cloud: escaped, and apart from the direction of the text around it. */
export function name(text: string): string {
  return `<bdi>${short(text, MAX_NAME)}</bdi>`;
}

/** Escaped text of a table cell or an attribute. */
export function plain(text: string): string {
  return short(text, MAX_NAME);
}

/** An error in words. */
export function message(text: string): string {
  return `<bdi>${short(text, MAX_MESSAGE)}</bdi>`;
}

/** `10:02:36 UTC`, with its date unless that is the day of `todayMs`. */
export function time(atMs: number, todayMs?: number): string {
  const iso = new Date(atMs).toISOString();
  const day = iso.slice(0, 10);
  const today = todayMs === undefined ? undefined : new Date(todayMs).toISOString().slice(0, 10);
  const clock = iso.slice(11, 19);
  const shown = day === today ? `${clock} UTC` : `${day} ${clock} UTC`;
  return `<time datetime="${iso.slice(0, 19)}Z">${shown}</time>`;
}

/** `09:58:36 UTC, 4 min before this page was built`. */
export function before(atMs: number, builtAtMs: number): string {
  const age = durationInWords(Math.max(0, builtAtMs - atMs));
  return `${time(atMs, builtAtMs)}, ${age} before this page was built`;
}

function short(text: string, max: number): string {
  // A cut may fall between the halves of a character.
  const kept = text.length > max ? `${text.slice(0, max).toWellFormed()}…` : text;
  return Bun.escapeHTML(visible(kept));
}

/** Control characters, which a parser drops or refuses, as the pictures that Unicode has for them. */
function visible(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replace(/[\0-\x08\x0b-\x1f\x7f]/g, (character) => {
    const code = character.charCodeAt(0);
    return String.fromCharCode(code === 0x7f ? 0x2421 : 0x2400 + code);
  });
}
