/** An object -> what the validator of its kind refuses: types, formats, enumerations, what is missing. */
import type { Typed } from "./kinds.ts";

interface Invalid {
  readonly errors?: readonly {
    readonly instancePath: string;
    readonly keyword: string;
    readonly message?: string;
    readonly params: Readonly<Record<string, unknown>>;
  }[];
}

export async function checkValues({ name, object, newest }: Typed): Promise<readonly string[]> {
  const models = (await import(newest)) as Readonly<
    Record<string, new (data: unknown) => { validate(): void }>
  >;
  const Model = models[object.kind];
  if (Model === undefined) return [`${name}: ${newest} has no ${object.kind}`];
  try {
    new Model(object).validate();
    return [];
  } catch (error) {
    const { errors = [] } = error as Invalid;
    if (errors.length === 0) throw error;
    return errors.map(({ instancePath, keyword, params }) => {
      const field = instancePath.slice(1).replaceAll("/", ".") || "the object";
      const value = JSON.stringify(valueOf(object, instancePath));
      return `${name}: ${field} is ${value}; allowed: ${keyword} ${JSON.stringify(params)}`;
    });
  }
}

function valueOf(object: unknown, pointer: string): unknown {
  const keys = pointer.split("/").slice(1);
  return keys.reduce((value, key) => (value as Record<string, unknown> | null)?.[key], object);
}
