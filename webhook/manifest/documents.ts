/** The text of a manifest -> its documents, and back: what is not changed comes out byte for byte. */
import {
  type Alias,
  Composer,
  CST,
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  Parser,
  visit,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import type { Operation } from "../patch.ts";

/** A manifest that cannot be used; the message says where and why. */
export class ManifestError extends Error {
  override readonly name = "ManifestError";
}

/** One part of a manifest: a document, or what stands between documents. */
export interface Part {
  readonly source: string;
  /** `undefined` for what stands between documents. */
  readonly document: Document | undefined;
}

/** Steps from the root of a document. */
export type Path = readonly (string | number)[];

/** Far more than any manifest; what is larger is a mistake, and would take long to read. */
const MAX_CHARACTERS = 10 * 1024 * 1024;

/** How often aliases may be followed: a few lines could otherwise stand for gigabytes. */
const MAX_ALIASES = 1000;

/** Reads a manifest, YAML or JSON. Throws {@link ManifestError} with the line and column of the first fault. */
export function readParts(name: string, text: string): readonly Part[] {
  if (text.length > MAX_CHARACTERS) {
    throw new ManifestError(`${name}: is larger than ${MAX_CHARACTERS / 1024 / 1024} MiB`);
  }
  const lines = new LineCounter();
  try {
    const tokens = [...new Parser(lines.addNewLine).parse(text)];
    return tokens.map((token) => {
      const source = CST.stringify(token);
      return { source, document: token.type === "document" ? compose(token) : undefined };
    });
  } catch (cause) {
    throw fault(name, lines, cause);
  }
}

function compose(token: CST.Document): Document {
  // Merge keys are of YAML 1.1, but kubectl knows them.
  const composer = new Composer({ merge: true, version: "1.2" });
  const [document] = composer.compose([token]);
  if (document === undefined) throw new ManifestError("holds no document");
  const [error] = document.errors;
  if (error) throw error;
  return document;
}

function fault(name: string, lines: LineCounter, cause: unknown): ManifestError {
  if (cause instanceof ManifestError) return cause;
  const text = cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : String(cause);
  const at = typeof cause === "object" && cause !== null && "pos" in cause ? cause.pos : undefined;
  const { line, col } = lines.linePos(Array.isArray(at) ? Number(at[0]) : 0);
  const place = Array.isArray(at) ? `:${line}:${col}` : "";
  const reason = cause instanceof RangeError ? "is nested too deeply" : text;
  return new ManifestError(`${name}${place}: ${reason.replace(/ at line \d+, column \d+:?$/, "")}`);
}

/** The document as plain values. Throws {@link ManifestError} where its aliases explode or run in circles. */
export function valuesOf(document: Document): unknown {
  try {
    const values: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    JSON.stringify(values); // Throws where an alias stands for what it is in.
    return values;
  } catch (cause) {
    const message = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw new ManifestError(`cannot be read: ${message}`);
  }
}

/** Carries out a patch below a place of the document: comments, order and quotes of the rest stay. */
export function patchDocument(document: Document, at: Path, patch: readonly Operation[]): void {
  for (const operation of patch) {
    const steps = operation.path.split("/").slice(1).map(unescapeStep);
    const key = steps.pop() ?? "";
    const parent = collectionAt(document, [...at, ...steps]);
    if (operation.op === "remove") parent.delete(stepIn(parent, key));
    else put(document, { parent, key, replaces: operation.op === "replace" }, operation.value);
  }
}

function put(
  document: Document,
  { parent, key, replaces }: { parent: YAMLMap | YAMLSeq; key: string; replaces: boolean },
  value: unknown,
): void {
  const present: unknown =
    isSeq(parent) && !replaces ? undefined : parent.get(stepIn(parent, key), true);
  if (isScalar(present) && typeof value !== "object") {
    // Only the value: its comment and quotes stay.
    detach(document, present);
    present.value = value;
    return;
  }
  const node = document.createNode(value, { aliasDuplicateObjects: false });
  if (isSeq(parent) && !replaces) {
    const index = key === "-" ? parent.items.length : Number(key);
    parent.items.splice(index, 0, node as Node);
  } else {
    parent.set(stepIn(parent, key), node);
  }
}

function stepIn(parent: YAMLMap | YAMLSeq, key: string): string | number {
  return isSeq(parent) ? Number(key) : key;
}

/** A step of a JSON Pointer as the key that it stands for (RFC 6901, section 4). */
function unescapeStep(step: string): string {
  return step.replaceAll("~1", "/").replaceAll("~0", "~");
}

/**
 * The map or list at a path. What an alias or a merge key brings there is copied first, and so is what
 * others take from there, so that only this place changes.
 */
function collectionAt(document: Document, path: Path): YAMLMap | YAMLSeq {
  let node = own(document.contents);
  detach(document, node);
  path.forEach((step, depth) => {
    const key = isSeq(node) ? Number(step) : step;
    let next: unknown = node.get(key, true);
    if (isAlias(next)) {
      next = copyOf(document, next);
      node.set(key, next);
    } else if (next === undefined) {
      next = document.createNode(valueAt(valuesOf(document), path.slice(0, depth + 1)));
      node.set(key, next);
    }
    node = own(next);
    detach(document, node);
  });
  return node;
}

/** What is about to change must not change for those that take it by an alias: they get copies. */
function detach(document: Document, node: { anchor?: string }): void {
  const { anchor } = node;
  if (anchor === undefined) return;
  visit(document, {
    Alias: (_key, alias) => (alias.source === anchor ? copyOf(document, alias) : undefined),
  });
}

function copyOf(document: Document, alias: Alias): Node {
  const copy = alias.resolve(document)?.clone() as Node & { anchor?: string };
  delete copy.anchor;
  return copy;
}

function own(node: unknown): YAMLMap | YAMLSeq {
  if (isCollection(node) && (isMap(node) || isSeq(node))) return node;
  throw new ManifestError("cannot be changed: a part of it is no map and no list");
}

/** A value by its path, in plain values. */
export function valueAt(values: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, step) => {
    return typeof value === "object" && value !== null
      ? (value as Record<string | number, unknown>)[step]
      : undefined;
  }, values);
}

/** The text of a document that was changed, laid out like its source. */
export function textOf({ source, document }: Part): string {
  if (document === undefined) return source;
  if (source.trimStart().startsWith("{")) return `${JSON.stringify(valuesOf(document), null, 4)}\n`;
  // The marker of its begin belongs to the token, but would be left out where nothing needs it.
  if (/^---\s/m.test(source) && document.directives) document.directives.docStart = true;
  const text = document.toString({
    lineWidth: 0,
    flowCollectionPadding: !/\{\S/.test(source),
    indentSeq: !hasFlatLists(source),
  });
  return source.includes("\r\n") ? text.replaceAll(/\r?\n/g, "\r\n") : text;
}

/** Whether lists stand as far to the left as the key that they belong to, as kubectl prints them. */
function hasFlatLists(source: string): boolean {
  return /^( *)[^\s#-][^\n]*:[ \t]*\r?\n\1- /m.test(source);
}
