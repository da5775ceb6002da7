/** Every way for a pod to end, under real Prometheus servers: what they stored against what was counted. */
import { describe, expect, test } from "bun:test";
import { ENDINGS, ORDERS, PER_SECOND } from "./endings.ts";
import { type Observation, runMatrix } from "./matrix.ts";
import { runMatrixApart, SECOND_ADDRESS } from "./network.ts";
import type { PodPlan } from "./pod.ts";
import { renderTable } from "./table.ts";
import { complaints, lost } from "./verdict.ts";

const HERE = "127.0.0.1";

/** Every ending in every order, once for each number that --expected-scrapers is given. */
function everyCell(expected: readonly number[]): readonly PodPlan[] {
  return ENDINGS.flatMap((ending) =>
    ORDERS.flatMap((order) =>
      expected.map((expectedScrapers) => ({ ending, order, expectedScrapers })),
    ),
  );
}

/** Shows the table, and the whole story of every pod that did not end as it must. */
function judge(title: string, observations: readonly Observation[]): void {
  process.stdout.write(renderTable(title, observations));
  const bad = observations
    .map((observation) => ({ observation, complaints: complaints(observation) }))
    .filter((one) => one.complaints.length > 0);
  for (const { observation, complaints: said } of bad) {
    const { log, ...rest } = observation;
    process.stdout.write(`\n${said.join("; ")}\n${JSON.stringify(rest)}\n${log}`);
  }
  const cells = bad.map(({ observation: { ending, order }, complaints: said }) => ({
    ending,
    order,
    said,
  }));
  expect(cells).toEqual([]);
}

describe("a pod's end loses what is promised and no more, and says so", () => {
  test("under one Prometheus server", async () => {
    const plan = { pods: everyCell([0, 0]), addresses: [HERE], host: HERE };
    judge("One Prometheus server, two pods each", await runMatrix(plan));
  });

  test("under one server on a busy node, 18 pods within a second", async () => {
    const pods = (["drain-quietly", "flush", "exit-at-once"] as const).flatMap((ending) =>
      (["prestop-first", "native"] as const).flatMap((order) =>
        [0, 0, 0].map((expectedScrapers) => ({ ending, order, expectedScrapers })),
      ),
    );
    const observations = await runMatrix({ pods, addresses: [HERE], host: HERE, busy: true });
    judge("One Prometheus server, a busy node", observations);
    // An application that counts until its port closes loses a tenth of a second of counting at most.
    const late = observations.filter(({ ending }) => ending === "exit-at-once").map(lost);
    expect(Math.max(...late)).toBeLessThanOrEqual(PER_SECOND / 10);
  });

  test("under two servers with one address, told apart or expected", async () => {
    const plan = { pods: everyCell([0, 2]), addresses: [HERE, HERE], host: HERE };
    judge("Two servers with one address; learned, --expected-scrapers=2", await runMatrix(plan));
  });

  test("under two servers with two addresses", async () => {
    const plan = { pods: everyCell([0]), addresses: [HERE, SECOND_ADDRESS], host: "::" };
    judge("Two servers with two addresses", await runMatrixApart(plan));
  });
});
