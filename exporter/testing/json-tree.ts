/** A JSON value -> a tree that can be damaged in ways that no JavaScript value can, and its text. */

/** Objects as lists of entries, so that a key may come twice; leaves as text, so that a number may be any. */
export type Tree =
  | { readonly kind: "object"; readonly entries: (readonly [key: string, value: Tree])[] }
  | { readonly kind: "array"; readonly items: Tree[] }
  | { readonly kind: "leaf"; readonly text: string };

/** What is done to one place of a tree. `other` is what is put there. */
export interface Damage {
  /** Which of all places, counted round and round. */
  readonly place: number;
  readonly how: "drop" | "replace" | "repeat" | "add" | "nest" | "rename";
  /** JSON, also such as JavaScript cannot hold. */
  readonly other: string;
  readonly key: string;
}

/** The tree of a JSON value. */
export function treeOf(value: unknown): Tree {
  if (Array.isArray(value)) return { kind: "array", items: value.map(treeOf) };
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).map(([key, one]) => [key, treeOf(one)] as const);
    return { kind: "object", entries };
  }
  return { kind: "leaf", text: JSON.stringify(value) };
}

/** The text of a tree. */
export function print(tree: Tree): string {
  switch (tree.kind) {
    case "object":
      return `{${tree.entries.map(([key, one]) => `${JSON.stringify(key)}:${print(one)}`).join()}}`;
    case "array":
      return `[${tree.items.map(print).join()}]`;
    case "leaf":
    default:
      return tree.text;
  }
}

/** Damages a tree in place. */
export function damage(tree: Tree, { place, how, other, key }: Damage): void {
  const places = placesIn(tree);
  const found = places[place % Math.max(1, places.length)];
  if (found === undefined) return;
  const { parent, index } = found;
  const leaf: Tree = { kind: "leaf", text: other };
  if (parent.kind === "array") {
    const [one = leaf] = parent.items.slice(index, index + 1);
    const nested: Tree = { kind: "array", items: [one] };
    const instead = {
      drop: [],
      replace: [leaf],
      repeat: [one, one],
      add: [one, leaf],
      nest: [nested],
      rename: [one],
    };
    parent.items.splice(index, 1, ...instead[how]);
    return;
  }
  const [[name, one] = [key, leaf] as const] = parent.entries.slice(index, index + 1);
  const nested: Tree = { kind: "object", entries: [[name, one]] };
  const instead = {
    drop: [],
    replace: [[name, leaf] as const],
    repeat: [[name, one] as const, [name, leaf] as const],
    add: [[name, one] as const, [key, leaf] as const],
    nest: [[name, nested] as const],
    rename: [[key, one] as const],
  };
  parent.entries.splice(index, 1, ...instead[how]);
}

type Parent = Exclude<Tree, { kind: "leaf" }>;

function placesIn(tree: Tree): readonly { parent: Parent; index: number }[] {
  if (tree.kind === "leaf") return [];
  const children = tree.kind === "array" ? tree.items : tree.entries.map(([, one]) => one);
  return children.flatMap((child, index) => [{ parent: tree, index }, ...placesIn(child)]);
}
