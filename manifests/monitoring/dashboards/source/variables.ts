/** The variables at the head of a dashboard, as Grafana's dashboard schema has them. */
import { DATASOURCE } from "./panel.ts";

/** Where the links to the documentation lead; the hidden variable `docs` of every dashboard. */
const DOCS = "https://git.example.com/prometheus-whole-scrape/blob/main/docs";

/** Some of the label's values, at first all of them; also where the label is absent. */
export function choice(name: string, label: string, query: string): object {
  return {
    ...queryVariable(name, label, query),
    multi: true,
    includeAll: true,
    // Matches what has no such label, too: a namespace outside Kubernetes, an account without a file.
    allValue: ".*",
    current: { selected: true, text: ["All"], value: ["$__all"] },
  };
}

/** Where a page is from: variables of its namespace and of its job, by a metric that each page has. */
export function jobChoices(metric: string): readonly object[] {
  return [
    choice("namespace", "Namespace", `label_values(${metric}, namespace)`),
    choice("job", "Job", `label_values(${metric}{namespace=~"$namespace"}, job)`),
  ];
}

/** Exactly one of the label's values. */
export function single(name: string, label: string, query: string): object {
  return {
    ...queryVariable(name, label, query),
    multi: false,
    includeAll: false,
  };
}

function queryVariable(name: string, label: string, query: string): object {
  return {
    type: "query",
    name,
    label,
    hide: 0,
    datasource: DATASOURCE,
    query: { qryType: 1, query, refId: "PrometheusVariableQueryEditor-VariableQuery" },
    // With every change of the time range: load balancers come and go.
    refresh: 2,
    sort: 1,
    regex: "",
    options: [],
    skipUrlSync: false,
  };
}

/** What stands before all others. */
export const DATA_SOURCE_VARIABLE: object = {
  type: "datasource",
  name: "datasource",
  label: "Data source",
  hide: 0,
  query: "prometheus",
  refresh: 1,
  regex: "",
  multi: false,
  includeAll: false,
  options: [],
  skipUrlSync: false,
};

/** The place of the documentation, to be changed at one spot. */
export const DOCS_VARIABLE: object = {
  type: "constant",
  name: "docs",
  label: "Documentation",
  hide: 2,
  query: DOCS,
  current: { selected: true, text: DOCS, value: DOCS },
  options: [{ selected: true, text: DOCS, value: DOCS }],
  skipUrlSync: true,
};
