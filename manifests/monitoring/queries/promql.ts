/** A PromQL expression -> what it asks for: selectors, labels to group and match by, functions. */
import type { SyntaxNode } from "@lezer/common";
import { parser } from "@prometheus-io/lezer-promql";

export interface Matcher {
  readonly label: string;
  readonly operator: string;
  readonly value: string;
}

export interface Selector {
  /** `undefined` for one without a plain name. */
  readonly metric: string | undefined;
  readonly matchers: readonly Matcher[];
}

/** Labels named by `by`, `without`, `on`, `ignoring` or `group_…`, and what they are looked for in. */
interface Grouping {
  readonly labels: readonly string[];
  readonly selectors: readonly Selector[];
}

interface Query {
  /** Where it cannot be read, as pieces of the text. */
  readonly errors: readonly string[];
  readonly selectors: readonly Selector[];
  readonly groupings: readonly Grouping[];
  /** Labels that label_replace and label_join make. */
  readonly made: readonly string[];
  /** Names of functions and aggregations, and of the grammar's newer parts. */
  readonly used: ReadonlySet<string>;
}

/** Parses as Prometheus' own editor does: broken text gives errors and what can be read of the rest. */
export function parseQuery(expr: string): Query {
  const text = (node: SyntaxNode) => expr.slice(node.from, node.to);
  const { topNode } = parser.parse(expr);
  const used = new Set<string>();
  const errors: string[] = [];
  topNode.cursor().iterate(({ node }) => {
    if (node.type.isError) errors.push(`${expr.slice(0, node.from)}⚠${expr.slice(node.from)}`);
    const isName = node.name === "FunctionIdentifier" || node.name === "AggregateOp";
    used.add(isName ? text(node) : node.name);
  });
  return {
    errors,
    selectors: selectorsIn(topNode, text),
    groupings: all(topNode, "AggregateExpr", "BinaryExpr").flatMap((node) => groupings(node, text)),
    made: all(topNode, "FunctionCall").flatMap((node) => madeLabels(node, text)),
    used,
  };
}

type Text = (node: SyntaxNode) => string;

function all(top: SyntaxNode, ...names: readonly string[]): readonly SyntaxNode[] {
  const found: SyntaxNode[] = [];
  top.cursor().iterate(({ node }) => {
    if (names.includes(node.name)) found.push(node);
  });
  return found;
}

function selectorsIn(top: SyntaxNode, text: Text): readonly Selector[] {
  return all(top, "VectorSelector").map((node) => {
    const matchers = all(node, "UnquotedLabelMatcher").map((matcher) => ({
      label: textOf(matcher.getChild("LabelName"), text),
      operator: textOf(matcher.getChild("MatchOp"), text),
      value: unquote(textOf(matcher.getChild("StringLiteral"), text)),
    }));
    const named = matchers.find(({ label, operator }) => label === "__name__" && operator === "=");
    const identifier = node.getChild("Identifier");
    return {
      metric: identifier === null ? named?.value : text(identifier),
      matchers: matchers.filter(({ label }) => label !== "__name__"),
    };
  });
}

/** What stands at this node itself, not in the expressions within. */
function groupings(node: SyntaxNode, text: Text): readonly Grouping[] {
  const modifier = node.getChild("AggregateModifier") ?? node.getChild("MatchingModifierClause");
  if (modifier === null) return [];
  const labels = all(modifier, "LabelName").map(text);
  return [{ labels, selectors: selectorsIn(node, text) }];
}

function madeLabels(call: SyntaxNode, text: Text): readonly string[] {
  const name = textOf(call.getChild("FunctionIdentifier"), text);
  if (name !== "label_replace" && name !== "label_join") return [];
  const destination = call.getChild("FunctionCallBody")?.getChild("StringLiteral") ?? null;
  return [unquote(textOf(destination, text))];
}

function textOf(node: SyntaxNode | null, text: Text): string {
  return node === null ? "" : text(node);
}

function unquote(literal: string): string {
  return literal.slice(1, -1).replaceAll(/\\(.)/g, "$1");
}
