/** Objects that keep every rule, with some things changed, and what a rule finds then. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isObject, parseObjects, Rendered } from "../../render.ts";
import { nameOf, type Rule } from "../finding.ts";

/**
 * In the first object of a kind the value at a JSON pointer becomes another, or goes away. A pointer of "" is the
 * whole object, and `add` instead of a kind adds one.
 */
export type Change = readonly [kind: string, pointer: string, value?: unknown];

/** A row of a table: what is changed, and which fields the rule names then. */
export type Row = readonly [what: string, changes: readonly Change[], fields: readonly string[]];

const TEXT = readFileSync(join(import.meta.dir, "../testdata/healthy.yaml"), "utf8");

/** Pointer to the only container of the Deployment. */
export const CONTAINER = "/spec/template/spec/containers/0";
/** How findings name it. */
export const FIELD = "spec.template.spec.containers[app]";

export function healthyWith(changes: readonly Change[] = []): Rendered {
  let objects = [...parseObjects(TEXT)];
  for (const [kind, pointer, value] of changes) {
    if (kind === "add") {
      objects.push(value);
      continue;
    }
    const at = objects.findIndex((one) => isObject(one) && one.kind === kind);
    if (at < 0) throw new RangeError(`There is no ${kind}`);
    if (pointer === "") objects = objects.filter((_, index) => index !== at);
    else set(objects[at], pointer, value);
  }
  return new Rendered(objects.filter(isObject));
}

/** What a rule finds, without the values: `field` of each finding, with its object where it is no Deployment. */
export function fieldsOf(rule: Rule, changes: readonly Change[], folder = "app/base"): string[] {
  return rule(healthyWith(changes), folder).map(({ object, field }) =>
    object.kind === "Deployment" ? field : `${nameOf(object)}: ${field}`,
  );
}

function set(object: unknown, pointer: string, value: unknown): void {
  const keys = pointer.split("/").slice(1);
  const last = keys.pop() ?? "";
  let parent = object as Record<string, unknown>;
  for (const key of keys) {
    parent[unescape(key)] ??= {};
    parent = parent[unescape(key)] as Record<string, unknown>;
  }
  if (value === undefined) delete parent[unescape(last)];
  else parent[unescape(last)] = value;
}

function unescape(key: string): string {
  return key.replaceAll("~1", "/").replaceAll("~0", "~");
}
