/** Two sets of targets -> what a log says of the difference: names of accounts and zones, and no more. */
import type { LogFields } from "../../shared/log.ts";
import type { Target, TargetSet } from "./target.ts";

/** Lists what came, went, or has other settings; `changed` never says which, as it may be the password. */
export function targetChanges(before: TargetSet | undefined, after: TargetSet): LogFields {
  const old = new Map(before?.targets.map((target) => [targetName(target), target]));
  const now = new Map(after.targets.map((target) => [targetName(target), target]));
  const added = [...now.keys()].filter((name) => !old.has(name));
  const removed = [...old.keys()].filter((name) => !now.has(name));
  const changed = [...now].flatMap(([name, target]) => {
    const was = old.get(name);
    return was === undefined || Bun.deepEquals(was, target) ? [] : [name];
  });
  const lists = Object.entries({ added, removed, changed }).filter(([, list]) => list.length > 0);
  return { targets: now.size, ...Object.fromEntries(lists) };
}

/** `shop/DX-M1`, or the zone alone where the account has no name. */
function targetName({ account, zone }: Target): string {
  return account === undefined ? zone : `${account}/${zone}`;
}
