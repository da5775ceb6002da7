/** A configuration that can be used -> what `--config.check` says of it. */
import type { TargetSet } from "./targets/target.ts";
import type { Loaded } from "./web/load.ts";

/** `name` is where it was read from. */
export function checkedText(name: string, { targets }: TargetSet): string {
  const accounts = new Set(targets.map(({ account }) => account)).size;
  const counts = `${count(accounts, "account")}, ${count(targets.length, "zone")}`;
  return `Checking ${name}\n  SUCCESS: ${counts}\n`;
}

/** The same of a web configuration. */
export function checkedWebText(name: string, web: Extract<Loaded, { kind: "usable" }>): string {
  const { tls, users } = web.settings;
  const facts = `${tls === undefined ? "http" : "https"}, ${count(users.size, "user")}`;
  const warnings = web.warnings.map((warning) => `  WARNING: ${warning}\n`).join("");
  return `Checking ${name}\n${warnings}  SUCCESS: ${facts}\n`;
}

function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? "" : "s"}`;
}
