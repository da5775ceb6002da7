/** A regular expression as Prometheus takes one -> one of JavaScript's that matches the same whole texts. */

/** Longest expression, in characters. */
const MAX_LENGTH = 1000;

/** Flags for the whole expression as RE2 writes them; JavaScript has them as flags alone. */
const LEADING_FLAGS = /^\(\?([is]+)\)/;

/** An escape of a punctuation mark that means itself to RE2, and is no escape at all to JavaScript. */
const PUNCTUATION = /\\([\s\S])/g;

const SYNTAX = "^$\\.*+?()[]{}|/";

/**
 * An expression that matches whole texts only, as Prometheus anchors its own, with `.` for any character.
 * `undefined` if it is not one, or is one of those that RE2 and JavaScript do not read alike, such as
 * `\Q`, `\z`, `[[:alpha:]]` and flags in the middle: refused is better than understood otherwise.
 */
export function compilePattern(text: string): RegExp | undefined {
  if (text === "" || text.length > MAX_LENGTH) return undefined;
  const [lead = "", flags = ""] = LEADING_FLAGS.exec(text) ?? [];
  const body = text.slice(lead.length).replaceAll(PUNCTUATION, plainEscape);
  const all = `us${flags.includes("i") ? "i" : ""}`;
  try {
    // On its own first: `a)|(b` is an expression only between the parentheses of the anchoring.
    void new RegExp(body, all);
    return new RegExp(`^(?:${body})$`, all);
  } catch {
    return undefined;
  }
}

function plainEscape(escape: string, character: string): string {
  if (SYNTAX.includes(character) || !/^[!-~]$/.test(character) || /[0-9A-Za-z]/.test(character)) {
    return escape;
  }
  return `\\x${character.charCodeAt(0).toString(16)}`;
}
