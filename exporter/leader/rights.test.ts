/** An election needs no other rights than docs/leader-election.md names, and tells which one is missing. */
import { expect, test } from "bun:test";
import { createLogger } from "../../shared/log.ts";
import { type Asked, FakeApiServer } from "../../shared/testing/api-server.ts";
import { eventually } from "../../shared/testing/eventually.ts";
import { isAllowed, type Rule } from "../../shared/testing/rights.ts";
import { runElection } from "./election.ts";
import type { LeaderState } from "./state.ts";
import { createLeasesOf, holderIn } from "./testing/connect.ts";

async function documentedRules(): Promise<readonly Rule[]> {
  const text = await Bun.file(`${import.meta.dir}/../../docs/leader-election.md`).text();
  const [, yaml = ""] = /```yaml\n([^`]+)```/.exec(text) ?? [];
  return (Bun.YAML.parse(yaml) as { rules: Rule[] }).rules;
}

async function start(api: FakeApiServer, identity: string) {
  const states: LeaderState[] = [];
  const lines: string[] = [];
  const controller = new AbortController();
  const done = runElection({
    leases: await createLeasesOf(api),
    identity,
    onChange: (state) => void states.push(state),
    log: createLogger({ level: "warn", format: "json", write: (line) => lines.push(line) }),
    signal: controller.signal,
    retryPeriodMs: 200,
  });
  const end = async () => {
    controller.abort();
    await done;
  };
  return { states, lines, end, [Symbol.asyncDispose]: end };
}

const leads = ({ states }: { states: readonly LeaderState[] }) => states.at(-1)?.kind === "leading";

test.each<[string, readonly string[]]>([
  ["with all of them", ["get", "create", "update", "list", "watch"]],
  ["without list and watch", ["get", "create", "update"]],
])("an election %s: led, released, taken", async (_name, verbs) => {
  await using api = await FakeApiServer.start();
  const rules = await documentedRules();
  const refused: string[] = [];
  const verbOf = (asked: Asked) =>
    ["get", "create", "update", "list", "watch"].find((verb) =>
      isAllowed({ resources: ["leases"], verbs: [verb] }, asked),
    );
  api.fault = (asked) => {
    const verb = verbOf(asked) ?? asked.method;
    if (rules.some((rule) => isAllowed(rule, asked)) && verbs.includes(verb)) return undefined;
    refused.push(verb);
    return { kind: "status", status: 403 };
  };
  await using first = await start(api, "first");
  await eventually("the first leads", () => leads(first));
  await using second = await start(api, "second");
  await eventually("the second stands by", () => second.states.at(-1)?.kind === "standby");
  await first.end();
  await eventually("the second leads", () => leads(second));
  await second.end();
  expect(holderIn(api)).toBe("");
  expect([...new Set(refused)]).toEqual(verbs.includes("list") ? [] : ["list"]);
});

test("a right that is missing is told, once", async () => {
  await using api = await FakeApiServer.start();
  api.fault = ({ method }) => (method === "POST" ? { kind: "status", status: 403 } : undefined);
  await using one = await start(api, "one");
  await eventually(
    "three attempts",
    () => api.asked.filter(({ method }) => method === "POST").length > 2,
  );
  expect(one.lines).toHaveLength(1);
  expect(one.lines[0]).toContain("may not create leases.coordination.k8s.io in its namespace");
  expect(one.states.map(({ kind }) => kind)).toEqual(["standby"]);
});
