import { expect, test } from "bun:test";
import { receiversOf } from "./alertmanager.ts";

const tree = {
  receiver: "team",
  routes: [
    { matchers: ['namespace =~ "dev|test"'], receiver: "chat" },
    { matchers: ['severity = "critical"'], receiver: "pager", continue: true },
    { matchers: ['severity != "info"'], routes: [{ matchers: ['alertname="A"'], receiver: "a" }] },
  ],
};

test.each([
  [{ severity: "info" }, ["team"]],
  [{ severity: "warning" }, ["team"]],
  [{ severity: "warning", alertname: "A" }, ["a"]],
  [{ severity: "critical" }, ["pager", "team"]],
  [{ severity: "critical", namespace: "dev" }, ["chat"]],
  [{ severity: "critical", namespace: "development" }, ["pager", "team"]],
])("receiversOf() leads %j to %j", (labels, receivers) => {
  expect(receiversOf(tree, labels)).toEqual(receivers);
});

test("receiversOf() throws on a matcher that it cannot read", () => {
  expect(() => receiversOf({ routes: [{ matchers: ["severity"] }] }, {})).toThrow("severity");
});
