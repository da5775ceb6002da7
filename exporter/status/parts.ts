/** A level and words -> the small pieces that the page uses everywhere. */
import type { Level } from "./judge.ts";

/** A word on the colour of its level. `word` is HTML. */
export function pill(level: Level, word: string): string {
  return `<span class="pill ${level}">${word}</span>`;
}

/** A paragraph on the colour of its level. `html` is HTML. */
export function notice(level: Level, html: string): string {
  return `<p class="notice ${level}">${html}</p>\n`;
}
