/** Label selectors, after https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/. */
import { describe, expect, test } from "bun:test";
import { fits, type Selector } from "./selector.ts";

const LABELS = { app: "web", tier: "front" };

const rule = (key: string, operator: string, ...values: string[]): Selector => ({
  matchExpressions: [{ key, operator, values }],
});

describe("fits()", () => {
  test.each<[string, Selector | undefined, boolean]>([
    ["no selector", undefined, false],
    ["an empty selector", {}, true],
    ["labels that are there", { matchLabels: { app: "web" } }, true],
    ["a label with another value", { matchLabels: { app: "api" } }, false],
    ["a label that is not there", { matchLabels: { zone: "web" } }, false],
    ["In", rule("app", "In", "web", "api"), true],
    ["In without the value", rule("app", "In", "api"), false],
    ["In without the label", rule("zone", "In", "a"), false],
    ["NotIn", rule("app", "NotIn", "api"), true],
    ["NotIn with the value", rule("app", "NotIn", "web"), false],
    ["NotIn without the label", rule("zone", "NotIn", "a"), true],
    ["Exists", rule("app", "Exists"), true],
    ["Exists without the label", rule("zone", "Exists"), false],
    ["DoesNotExist", rule("zone", "DoesNotExist"), true],
    ["DoesNotExist with the label", rule("app", "DoesNotExist"), false],
    ["an unknown operator", rule("app", "Like", "web"), false],
    [
      "both, one of which does not fit",
      { ...rule("app", "Exists"), matchLabels: { app: "x" } },
      false,
    ],
  ])("with %s", (_what, selector, expected) => expect(fits(selector, LABELS)).toBe(expected));
});
