/** Text of a YAML file -> plain values, and where in the file each of them stands. */
import type { Document, Node } from "yaml";

/** A file that was read as YAML. */
export interface WebDocument {
  /** Maps, lists and texts: no scalar is anything but its text, since the schema knows what it means. */
  readonly value: unknown;
  /** What is wrong with the YAML itself, one line each, none of which quotes a value. */
  readonly problems: readonly string[];
  /** `web.yml:3`: where a value stands, or the nearest part around it that is there. */
  locate(path: readonly PropertyKey[]): string;
}

/** Reads a file's text. `name` is how messages call the file. */
export async function readDocument(name: string, text: string): Promise<WebDocument> {
  const { LineCounter, parseDocument, isMap, isSeq, isScalar } = await import("yaml");
  const lines = new LineCounter();
  const document = parseDocument(text, {
    schema: "failsafe",
    lineCounter: lines,
    // A pretty error quotes the line, which may hold a key or a hash.
    prettyErrors: false,
    logLevel: "silent",
  });
  const at = (offset: number) => `${name}:${Math.max(1, lines.linePos(offset).line)}`;
  const locate = (path: readonly PropertyKey[]) => {
    let node: unknown = document.contents;
    let offset = 0;
    for (const step of path) {
      if (isMap(node)) {
        const pair = node.items.find(({ key }) => isScalar(key) && key.value === step);
        if (!isScalar(pair?.key)) break;
        offset = startOf(pair.key) ?? offset;
        node = pair.value;
      } else if (isSeq(node)) {
        node = node.items[Number(step)];
        offset = startOf(node as Node) ?? offset;
      }
    }
    return at(offset);
  };
  const faults = [...document.errors, ...document.warnings];
  const problems = faults.map(({ message, pos }) => `${at(pos[0])}: ${withoutQuotes(message)}`);
  const plain = problems.length > 0 ? undefined : plainValue(document, name);
  return { value: plain?.value, problems: [...problems, ...(plain?.problems ?? [])], locate };
}

function startOf(node: Node | undefined): number | undefined {
  return node?.range?.[0];
}

/** The parser ends some messages with what it has found: that may be a part of a secret. */
function withoutQuotes(message: string): string {
  return (message.split('"')[0] ?? "").replace(/[:\s]+$/, "");
}

function plainValue(document: Document, name: string) {
  try {
    // A file without anything in it is one that asks for nothing.
    const value: unknown = document.toJS() ?? {};
    return { value, problems: [] };
  } catch (error) {
    // An alias without its anchor, or too many of them.
    const reason = error instanceof ReferenceError ? error.message : "cannot be read";
    return { value: undefined, problems: [`${name}: ${withoutQuotes(reason)}`] };
  }
}
