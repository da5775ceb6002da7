/** What a stranger sent -> a few words about it that are fit for a message. */
import type { ZodError } from "zod";

/** The first fault with its path: `spec.containers[0].name: expected string`. One is enough to mend it. */
export function describeIssue(error: ZodError): string {
  const [issue] = error.issues;
  if (issue === undefined) return error.message;
  const path = issue.path
    .map((step) => (typeof step === "number" ? `[${step}]` : `.${clip(String(step))}`))
    .join("")
    .replace(/^\./, "");
  const fault = issue.message.replace(/^Invalid input: /, "");
  return path === "" ? fault : `${path}: ${fault}`;
}

/** A value in quotes, without line breaks, short enough for an HTTP warning header. */
export function quote(text: string): string {
  return JSON.stringify(clip(text));
}

/** At most 60 characters, and a mark where there were more. */
export function clip(text: string): string {
  const MAX = 60;
  return text.length > MAX ? `${text.slice(0, MAX)}…` : text;
}
