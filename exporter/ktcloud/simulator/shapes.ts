/** A value and the knobs -> how it goes over the wire, in any way that is suspected (contract 3, 4, 9). */
import type { ListKnobs, NumberField, ZoneKnobs } from "./knobs.ts";

/** An object on its way to JSON; `undefined` leaves a key out. */
export type Item = Readonly<Record<string, unknown>>;

/** One number of an item: its key on the wire, the field it is, its value. */
export type WireNumber = readonly [key: string, field: NumberField, value: number];

/** The whole vocabulary of the load balancer (contract 3.9), and one with blanks around it. */
const WORDS = [
  "UP",
  "DOWN",
  "UNKNOWN",
  "BUSY",
  "OUT OF SERVICE",
  "GOING OUT OF SERVICE",
  "DOWN WHEN GOING OUT OF SERVICE",
  "TROFS",
  " Up ",
];

/** The oddities through which `mixed` walks, one for each item. */
const MIXED: readonly ((field: NumberField, value: number) => unknown)[] = [
  (field, value) => (field === "requestsrate" ? "" : String(value)),
  (field, value) =>
    field === "avgsvrttfb" ? null : field === "throughputrate" ? value + 0.5 : value,
  (field, value) => {
    if (field === "cursrvrconnections" || field === "establishedconn") return "N/A";
    return field === "requestsrate" ? ` ${value} ` : value;
  },
  (field, value) => {
    if (field === "avgsvrttfb") return "-";
    return field === "throughputrate" ? value : String(value);
  },
];

/** The keys that end in a blank in KT's printed documentation (contract 3.3). */
const BLANK_FIELDS: readonly NumberField[] = ["throughputrate", "avgsvrttfb", "requestsrate"];

/** The numbers of the item at an index. */
export function shapeNumbers(
  numbers: readonly WireNumber[],
  index: number,
  knobs: Pick<ListKnobs, "numbers" | "oddNumbers"> & Pick<ZoneKnobs, "keyBlank">,
): Item {
  const shaped: Record<string, unknown> = {};
  for (const [key, field, value] of numbers) {
    const odd = knobs.oddNumbers[field];
    if (odd === "missing") continue;
    const blank =
      (knobs.keyBlank && BLANK_FIELDS.includes(field)) ||
      (knobs.numbers === "mixed" && index % MIXED.length === 3 && field === "throughputrate");
    shaped[blank ? `${key} ` : key] =
      odd === undefined ? shapeNumber(knobs.numbers, field, { value, index }) : odd;
  }
  return shaped;
}

function shapeNumber(
  shape: ListKnobs["numbers"],
  field: NumberField,
  { value, index }: { readonly value: number; readonly index: number },
): unknown {
  switch (shape) {
    case "string":
      return String(value);
    case "float":
      return value + 0.5;
    case "mixed":
      return MIXED[index % MIXED.length]?.(field, value);
    case "number":
    default:
      return value;
  }
}

/** The state of the item at an index. */
export function shapeState(
  { state, stateIsSet }: { readonly state: string | null; readonly stateIsSet: boolean },
  index: number,
  { states }: Pick<ListKnobs, "states">,
): string | undefined {
  if (state === null) return undefined;
  if (stateIsSet) return state;
  switch (states) {
    case "lower":
      return state.toLowerCase();
    case "words":
      return WORDS[index % WORDS.length];
    case "empty":
      return "";
    case "missing":
      return undefined;
    case "normal":
    default:
      return state;
  }
}

/** A port, which is text in the command dialect and a number in the rest dialect. */
export function shapePort(
  port: string,
  documented: "number" | "string",
  { ports }: Pick<ZoneKnobs, "ports">,
): string | number {
  return (ports === "documented" ? documented : ports) === "string" ? port : Number(port);
}

/** An id of the command dialect. */
export function shapeId(id: number, { ids }: Pick<ZoneKnobs, "ids">): string | number {
  return ids === "string" ? String(id) : id;
}

/** A key whose case is disputed, from its documented and its camel form. */
export function shapeKey(
  documented: string,
  camel: string,
  { fieldCase }: Pick<ZoneKnobs, "fieldCase">,
): string {
  if (fieldCase === "documented") return documented;
  return fieldCase === "lower" ? camel.toLowerCase() : camel;
}

/** How many there are, as the knob has it said; `undefined` leaves the key out. */
export function shapeCount(
  count: number,
  { count: shape }: Pick<ListKnobs, "count">,
): number | string | undefined {
  switch (shape) {
    case "wrong":
      return count + 1;
    case "absent":
      return undefined;
    case "string":
      return String(count);
    case "right":
    default:
      return count;
  }
}

/**
 * The items under their key beside `head` in an envelope. Empty: `[]`, no key, `null` alone, or an
 * envelope with nothing in it at all.
 */
export function shapeList(
  {
    head,
    key,
    items,
  }: { readonly head: Item; readonly key: string; readonly items: readonly Item[] },
  knobs: Pick<ListKnobs, "emptyShape" | "singleAsObject">,
): Item {
  if (items.length > 0) {
    return { ...head, [key]: knobs.singleAsObject && items.length === 1 ? items[0] : items };
  }
  const empty = {
    array: { ...head, [key]: [] },
    missing: head,
    null: { [key]: null },
    envelope: {},
  };
  return empty[knobs.emptyShape];
}
