/** YAML text -> its plain value and where in the text each part of it stands, or every fault of its syntax. */
import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  parseDocument,
  type YAMLError,
  type YAMLMap,
} from "yaml";

/** Where something begins, both counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** The way to a part of a value: `["accounts", 0, "name"]`. */
export type Path = readonly PropertyKey[];

/** A fault of the syntax. No message quotes the text, which holds passwords. */
export interface SyntaxFault extends Position {
  readonly message: string;
}

export type YamlText =
  | {
      readonly kind: "value";
      readonly value: unknown;
      /** Where the value at the path begins, or the nearest part around it that is there. */
      readonly valueAt: (path: Path) => Position;
      /** As `valueAt`, for a key. */
      readonly keyAt: (path: Path) => Position;
    }
  | { readonly kind: "faulty"; readonly faults: readonly SyntaxFault[] };

export interface ParseOptions {
  /** Whether `5` is a number, or text as everything else that is no map and no list. Default: typed. */
  readonly scalars?: "typed" | "text";
}

/** How often aliases may be followed; nine in nine lists in nine lists are nine to the ninth. */
const MAX_ALIASES = 100;

/** Parts of the whole value, aliases followed: twenty times what a thousand accounts take. */
const MAX_PARTS = 100_000;

/**
 * Parses one document of YAML 1.2. A fault for anything whose reading could surprise, too: keys that appear
 * twice, unknown tags and directives, keys marked by `?` (some thousands of those would never end).
 */
export function parseYamlText(text: string, { scalars = "typed" }: ParseOptions = {}): YamlText {
  const start = { line: 1, column: 1 };
  try {
    if (hasExplicitKey(text)) return faulty({ ...start, message: "holds a key marked by ?" });
    return parse(text, scalars);
  } catch {
    // The parser's own message may quote the text.
    return faulty({ ...start, message: "cannot be parsed as YAML" });
  }
}

function faulty(...faults: readonly SyntaxFault[]): YamlText {
  return { kind: "faulty", faults };
}

function hasExplicitKey(text: string): boolean {
  for (const token of new Lexer().lex(text)) if (token === "?") return true;
  return false;
}

function parse(text: string, scalars: "typed" | "text"): YamlText {
  const lines = new LineCounter();
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  // Warnings would be written to stderr, and pretty errors quote the line.
  const document = parseDocument(text, {
    ...(scalars === "text" && { schema: "failsafe" }),
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false, // Checked below: the parser's own check takes quadratic time.
    logLevel: "error",
  });
  const errors = [...document.errors, ...document.warnings];
  const found = errors.map((error) => ({ offset: error.pos[0], message: describe(error) }));
  // The tree of a faulty text is a guess.
  const faults = found.length > 0 ? found : treeFaults(document);
  if (faults.length > 0) {
    return {
      kind: "faulty",
      faults: faults.map(({ offset, message }) => ({ ...at(offset), message })),
    };
  }
  const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
  if (!isLight(value)) return faulty({ line: 1, column: 1, message: "holds too much" });
  const locate = (path: Path, what: "key" | "value") => at(find(document, path)[what]);
  return {
    kind: "value",
    value,
    valueAt: (path) => locate(path, "value"),
    keyAt: (path) => locate(path, "key"),
  };
}

/** What a fault means for whoever wrote the text. The parser's messages quote it, so they are not used. */
function describe({ code }: YAMLError): string {
  return MESSAGES[code] ?? "is not YAML here";
}

const QUOTE =
  "put a value in quotes if it begins with one of @ ` % & * ! | > { [ or holds ': ' or ' #'";

const MESSAGES: Readonly<Partial<Record<YAMLError["code"], string>>> = {
  BAD_ALIAS: `an alias or anchor that is none; ${QUOTE}`,
  BAD_DIRECTIVE: "an unknown directive",
  BAD_DQ_ESCAPE: "an unknown escape in double quotes; use single quotes to take a \\ as it is",
  BAD_INDENT: "the indentation does not fit what is around it",
  BAD_SCALAR_START: `a character that no plain value begins with; ${QUOTE}`,
  BLOCK_AS_IMPLICIT_KEY: `a second ': ' in one line, or indentation that does not fit; ${QUOTE}`,
  MISSING_CHAR: "something is missing here: a closing quote or bracket, or the ': ' after a key",
  MULTIPLE_DOCS: "a second document begins; only one is read",
  RESOURCE_EXHAUSTION: "is nested too deeply",
  TAB_AS_INDENT: "a tab as indentation; use blanks",
  TAG_RESOLVE_FAILED: `a tag that is not known; ${QUOTE}`,
};

interface TreeFault {
  readonly offset: number;
  readonly message: string;
}

/** What the parser lets pass. Walked without recursion, as the text may be nested thousands deep. */
function treeFaults(document: Document.Parsed): readonly TreeFault[] {
  const faults: TreeFault[] = [];
  const anchors = new Set<string>();
  let aliases = 0;
  const rest: unknown[] = [document.contents];
  while (rest.length > 0) {
    const node = rest.pop();
    if (isAlias(node)) {
      aliases += 1;
      const message = `an alias of nothing that comes before it; ${QUOTE}`;
      if (!anchors.has(node.source)) faults.push({ offset: startOf(node), message });
      continue;
    }
    if ((isScalar(node) || isCollection(node)) && node.anchor !== undefined) {
      anchors.add(node.anchor);
    }
    if (isMap(node)) faults.push(...repeatedKeys(node));
    // The last first, so that the first is taken next.
    for (const inner of children(node).toReversed()) rest.push(inner);
  }
  if (aliases > MAX_ALIASES) {
    faults.push({ offset: 0, message: `more than ${MAX_ALIASES} aliases` });
  }
  return faults;
}

function children(node: unknown): unknown[] {
  if (isMap(node)) return node.items.flatMap(({ key, value }) => [key, value]);
  return isSeq(node) ? [...node.items] : [];
}

function repeatedKeys(map: YAMLMap): readonly TreeFault[] {
  const seen = new Set<string>();
  return map.items.flatMap(({ key }) => {
    const name = keyText(key);
    const first = !seen.has(name);
    seen.add(name);
    return first || !isNode(key)
      ? []
      : [{ offset: startOf(key), message: "the same key a second time" }];
  });
}

/** Also ends where an anchor holds an alias of itself. */
function isLight(whole: unknown): boolean {
  const rest: unknown[] = [whole];
  let parts = 0;
  while (rest.length > 0) {
    const part = rest.pop();
    if (typeof part !== "object" || part === null) continue;
    const inner = Object.values(part);
    parts += inner.length;
    if (parts > MAX_PARTS) return false;
    for (const value of inner) rest.push(value);
  }
  return true;
}

/** The offsets of the key and the value at a path, or of the last part of the path that is there. */
function find(document: Document.Parsed, path: Path): { key: number; value: number } {
  let node: Node | null = document.contents;
  const start = node === null ? 0 : startOf(node);
  let found = { key: start, value: start };
  for (const step of path) {
    const next = child(resolve(document, node), step);
    if (next === undefined) break;
    const value = isNode(next.value) ? next.value : null;
    const key: number = isNode(next.key) ? startOf(next.key) : startOf(value ?? node);
    found = { key, value: value === null ? key : startOf(value) };
    node = value;
  }
  return found;
}

function child(node: Node | null, step: PropertyKey): { key: unknown; value: unknown } | undefined {
  if (isSeq(node)) {
    const value = node.items[Number(step)];
    return value === undefined ? undefined : { key: undefined, value };
  }
  return isMap(node) ? node.items.find(({ key }) => keyText(key) === step) : undefined;
}

function resolve(document: Document.Parsed, node: Node | null): Node | null {
  return isAlias(node) ? (node.resolve(document) ?? null) : node;
}

function keyText(key: unknown): string {
  return isScalar(key) ? String(key.value) : "";
}

function startOf(node: Node | null): number {
  return node?.range?.[0] ?? 0;
}
