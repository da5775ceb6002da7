/** A configuration that can be used -> what `--config.check` says of it. */
import type { TargetSet } from "./targets/target.ts";

/** `name` is where it was read from. */
export function checkedText(name: string, { targets }: TargetSet): string {
  const accounts = new Set(targets.map(({ account }) => account)).size;
  const counts = `${count(accounts, "account")}, ${count(targets.length, "zone")}`;
  return `Checking ${name}\n  SUCCESS: ${counts}\n`;
}

function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? "" : "s"}`;
}
