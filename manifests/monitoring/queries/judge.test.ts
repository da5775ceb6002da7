import { describe, expect, test } from "bun:test";
import { readExported } from "./exported.ts";
import { variableExpression, withTimes } from "./expressions.ts";
import { judge } from "./judge.ts";

const exported = readExported([
  {
    job: "shop",
    text: [
      "# TYPE orders_total counter",
      'orders_total{zone="a",text="x\\"}{ ,label=\\"1"} 1',
      "# TYPE wait_seconds histogram",
      'wait_seconds_bucket{le="1"} 1',
      "wait_seconds_sum 1",
      "# TYPE declared_total counter",
    ].join("\n"),
  },
]);
const known = { exported, recorded: ["zone:orders:rate5m"] };

describe("judge()", () => {
  test.each([
    "orders_total",
    'sum by (zone, pod) (rate(orders_total{zone=~"$zone", job="shop"}[4m]))',
    "histogram_quantile(0.9, sum without (instance) (rate(wait_seconds_bucket[5m])))",
    "wait_seconds_sum / on (job) group_left (zone) orders_total",
    'up{job="shop"} == 0 or absent({__name__="orders_total"})',
    'sum by (host) (label_replace(orders_total, "host", "$1", "instance", "(.*):.*"))',
    'max by (any) (zone:orders:rate5m{any="1"})',
    "orders_total and topk(3, avg_over_time(orders_total[1h] @ end()))",
    'orders_total{job=~"sho.*", job!="stop"}',
  ])("finds nothing wrong with %s", (expr) => {
    expect(judge(expr, known)).toEqual([]);
  });

  test.each([
    ["sum(orders_total", ["cannot be read at sum(orders_total⚠"]],
    ["orders_totl", ["no program exports orders_totl"]],
    ["declared_total", ["no program exports declared_total"]],
    ["wait_seconds", ["no program exports wait_seconds"]],
    ['{zone="a"}', ["a selector has no name"]],
    ['orders_total{label="1"}', ["orders_total has no label label"]],
    ['orders_total{shop="1"}', ["orders_total has no label shop"]],
    ["sum by (shop) (orders_total)", ["nothing there has the label shop"]],
    ["sum(orders_total) without (shop)", ["nothing there has the label shop"]],
    ["up * on (zone) wait_seconds_sum", ["nothing there has the label zone"]],
    ['orders_total{job="other"}', ["orders_total is not of the job other"]],
    ['orders_total{job!~"s.*"}', ["orders_total is not of the job s.*"]],
    ["limitk(2, orders_total)", ["limitk is too new"]],
    ["mad_over_time(orders_total[5m])", ["mad_over_time is too new"]],
  ])("finds what is wrong with %s", (expr, problems) => {
    expect(judge(expr, known)).toEqual(problems);
  });
});

test("withTimes() puts times in the place of Grafana's variables", () => {
  expect(withTimes("rate(a[$__rate_interval]) + increase(b[$__range])")).toBe(
    "rate(a[4m]) + increase(b[6h])",
  );
});

describe("variableExpression()", () => {
  test.each([
    ["label_values(orders_total, zone)", "group by (zone) (orders_total)"],
    ['label_values(a{b="c", d=~"$d"}, zone)', 'group by (zone) (a{b="c", d=~"$d"})'],
    ["query_result(topk(3, orders_total))", "topk(3, orders_total)"],
  ])("makes PromQL of %s", (query, expr) => {
    expect(variableExpression(query)).toBe(expr);
  });

  test("throws on what it does not know", () => {
    expect(() => variableExpression("metrics(a.*)")).toThrow("metrics(a.*)");
  });
});
