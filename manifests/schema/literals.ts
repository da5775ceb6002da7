/** An object -> the lines of a TypeScript literal, and what the compiler says of a line -> the field that it is about. */

/** A line of the source, and what it is about. */
export interface SourceLine {
  readonly text: string;
  readonly about?: About;
}

interface About {
  /** Names the object. */
  readonly name: string;
  /** Which schema it is held against, in words. */
  readonly schema: string;
  readonly field: string;
  readonly value: unknown;
}

export interface Literal {
  readonly name: string;
  readonly schema: string;
  readonly object: unknown;
  /** Name of the type that the literal must have, and is declared by. */
  readonly type: string;
}

/**
 * The import of the type, and a declaration of the object as a literal, one field a line: the compiler looks for
 * unknown fields in literals only.
 */
export function toLines(literal: Literal, imported: string): readonly SourceLine[] {
  const { name, schema, object, type } = literal;
  const body = linesOf(object, { field: "", prefix: "object: " });
  return [
    { text: `import type ${imported};`, about: { name, schema, field: "kind", value: undefined } },
    { text: `export const of${type}: { object: ${type} } = {` },
    ...body.map(({ text, field, value }) => ({ text, about: { name, schema, field, value } })),
    { text: "};" },
  ];
}

interface Line {
  readonly text: string;
  readonly field: string;
  readonly value: unknown;
}

interface Place {
  readonly field: string;
  /** The key before the value, colon included. */
  readonly prefix: string;
}

/** The compiler has a better name for a wrong one only if that is not in quotes. */
const NAME = /^[A-Za-z]\w*$/;

function linesOf(value: unknown, { field, prefix }: Place): readonly Line[] {
  if (typeof value !== "object" || value === null) {
    return [{ text: `${prefix}${JSON.stringify(value)},`, field, value }];
  }
  const isList = Array.isArray(value);
  const children = Object.entries(value).flatMap(([key, child]) =>
    isList
      ? linesOf(child, { field: `${field}[${key}]`, prefix: "" })
      : linesOf(child, {
          field: field === "" ? key : `${field}.${key}`,
          prefix: `${NAME.test(key) ? key : JSON.stringify(key)}: `,
        }),
  );
  const [open, close] = isList ? ["[", "]"] : ["{", "}"];
  return [
    { text: `${prefix}${open}`, field, value },
    ...children,
    { text: `${close},`, field, value },
  ];
}

const ERROR = /^.*\((\d+),\d+\): error TS\d+: (.*)$/gm;
const UNKNOWN = /does not exist in type '(\w+|)[^]*?'\.(?: Did you mean to write '(\w+)'\?)?$/;

/** What the compiler printed -> `name: field is value; allowed: …`, one line an error. */
export function locateErrors(output: string, lines: readonly SourceLine[]): readonly string[] {
  return [...output.matchAll(ERROR)].map(([, line, message = ""]) => {
    const about = lines[Number(line) - 1]?.about;
    if (about === undefined) return message;
    const { name, field, value, schema } = about;
    const unknown = UNKNOWN.exec(message);
    const [, type = "", meant] = unknown ?? [];
    const hint = meant === undefined ? "" : `, such as ${meant}`;
    const fields = `a field of ${type.replace(/^I(?=[A-Z])/, "") || "its parent"}${hint}`;
    const allowed = unknown === null ? message : fields;
    return `${name}: ${field || "the object"} is ${JSON.stringify(value)}; allowed in ${schema}: ${allowed}`;
  });
}
