/** A schema of knobs -> what each is called, may be and means, for forms and for tables. */
import { z } from "zod";

/** What a knob may be. */
export type Allowed =
  | { readonly kind: "choice"; readonly values: readonly (string | number | boolean)[] }
  | { readonly kind: "number"; readonly min: number; readonly max: number }
  /** Lists and objects, which no form has. */
  | { readonly kind: "other"; readonly text: string };

/** One knob. */
export interface KnobInfo {
  readonly name: string;
  readonly meaning: string;
  readonly allowed: Allowed;
}

interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly const?: unknown;
  readonly enum?: readonly (string | number | boolean)[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly propertyNames?: JsonSchema;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
}

/** Every key of an object's schema, in its order. */
export function describeKnobs(schema: z.ZodType): KnobInfo[] {
  const { properties = {} } = z.toJSONSchema(schema, { io: "input" }) as JsonSchema;
  return Object.entries(properties).map(([name, property]) => ({
    name,
    meaning: property.description ?? "",
    allowed: allowedBy(property),
  }));
}

/** What is allowed, as Markdown. */
export function allowedText(allowed: Allowed): string {
  switch (allowed.kind) {
    case "choice":
      return allowed.values.map((value) => `\`${value}\``).join(", ");
    case "number":
      return `${allowed.min} to ${allowed.max}`;
    case "other":
    default:
      return allowed.text;
  }
}

function allowedBy(schema: JsonSchema): Allowed {
  if (schema.enum !== undefined) return { kind: "choice", values: schema.enum };
  if (schema.type === "boolean") return { kind: "choice", values: [true, false] };
  if (schema.type === "integer" || schema.type === "number") {
    return { kind: "number", min: schema.minimum ?? 0, max: schema.maximum ?? 0 };
  }
  return { kind: "other", text: otherText(schema) };
}

function otherText(schema: JsonSchema): string {
  const { type, anyOf, items, const: only } = schema;
  if (only !== undefined) return `\`${JSON.stringify(only)}\``;
  if (anyOf !== undefined) return anyOf.map((one) => allowedText(allowedBy(one))).join(" or ");
  if (type === "array") return items === undefined ? "list" : `list of ${itemText(items)}`;
  if (type === "object") return objectText(schema);
  return type === "string" ? "text" : type === "null" ? "`null`" : "any JSON";
}

function itemText(items: JsonSchema): string {
  const isObject = items.type === "object" || items.oneOf !== undefined;
  return isObject ? "objects" : allowedText(allowedBy(items));
}

function objectText({
  properties,
  propertyNames,
  additionalProperties: values,
}: JsonSchema): string {
  if (properties === undefined) {
    const names =
      propertyNames?.enum === undefined ? "" : ` by ${allowedText(allowedBy(propertyNames))}`;
    const isPlain = typeof values === "object" && values.type !== "object";
    return `object${names}${isPlain ? `: ${allowedText(allowedBy(values))}` : ""}`;
  }
  const keys = Object.entries(properties).map(
    ([name, property]) => `\`${name}\` (${allowedText(allowedBy(property))})`,
  );
  return `object of ${keys.join(", ")}`;
}
