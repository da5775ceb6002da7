/** Two real processes, an API server over HTTPS, and a cloud that writes down who asks it when. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FakeApiServer } from "../../shared/testing/api-server.ts";
import { eventually } from "../../shared/testing/eventually.ts";
import { type RunningProcess, runProcess, startProcess } from "../../shared/testing/process.ts";
import { holderIn, specIn } from "./testing/connect.ts";

const REPLICA = join(import.meta.dir, "testdata/replica.ts");
const LEASE_MS = 3000;
const RENEW_MS = 2000;
const RETRY_MS = 500;
/** A loaded machine, a worker that starts. */
const SLACK_MS = 700;

let directory: string;
let api: FakeApiServer;
let cloud: Bun.Server<undefined>;
/** Who has asked the cloud, in order. */
let polls: string[];
let running: AsyncDisposableStack;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "election-"));
  api = await FakeApiServer.start();
  api.writeKubeconfig(join(directory, "kubeconfig"));
  polls = [];
  running = new AsyncDisposableStack();
  cloud = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      polls.push(await request.text());
      return new Response();
    },
  });
});
afterEach(async () => {
  await running.disposeAsync();
  rmSync(directory, { recursive: true });
  await api[Symbol.asyncDispose]();
  await cloud.stop(true);
});

interface Started {
  readonly process: RunningProcess;
  readonly identity: string;
}

async function start(): Promise<Started> {
  const child = startProcess([
    process.execPath,
    REPLICA,
    "--leader-elect",
    "--leader-elect-resource-namespace=monitoring",
    `--leader-elect-lease-duration=${LEASE_MS}ms`,
    `--leader-elect-renew-deadline=${RENEW_MS}ms`,
    `--leader-elect-retry-period=${RETRY_MS}ms`,
    `--kubeconfig=${join(directory, "kubeconfig")}`,
    `--cloud=http://127.0.0.1:${cloud.port}`,
    "--log-format=json",
  ]);
  running.use(child);
  const { identity } = await child.logged(({ msg }) => msg === "Started");
  return { process: child, identity: String(identity) };
}

/** Resolves when that one has asked the cloud after what has been asked so far; gives how long it took. */
async function polled({ identity }: Started): Promise<number> {
  const from = polls.length;
  const startMs = performance.now();
  await eventually("its polls", () => polls.indexOf(identity, from) >= 0);
  return performance.now() - startMs;
}

async function startPair(): Promise<readonly [Started, Started]> {
  const first = await start();
  await polled(first);
  const second = await start();
  await second.process.logged(
    ({ msg, leader }) => msg === "Standing by" && leader === first.identity,
  );
  await eventually("both watches", () => api.watches === 2);
  return [first, second];
}

/** Who has asked, each time that it was another. */
const turns = () => polls.filter((who, i) => who !== polls[i - 1]);

describe("two replicas", () => {
  test("one polls the cloud, and the other stands by", async () => {
    const [first] = await startPair();
    const from = polls.length;
    await eventually("many polls", () => polls.length > from + 100);
    expect(turns()).toEqual([first.identity]);
    expect(holderIn(api)).toBe(first.identity);
  });

  test("the other goes on within a second when the leader is told to end, which exits with 0", async () => {
    const [first, second] = await startPair();
    first.process.kill();
    expect(await polled(second)).toBeLessThan(1000);
    expect((await first.process.ended()).code).toBe(0);
    expect(turns()).toEqual([first.identity, second.identity]);
    expect(specIn(api)).toMatchObject({ leaseTransitions: 1, leaseDurationSeconds: 3 });
    second.process.kill();
    expect((await second.process.ended()).code).toBe(0);
    expect(specIn(api)).toMatchObject({ holderIdentity: "", leaseDurationSeconds: 1 });
  });

  test("the other goes on within lease duration and retry period when the leader is killed", async () => {
    const [first, second] = await startPair();
    first.process.kill("SIGKILL");
    const ms = await polled(second);
    expect(ms).toBeGreaterThan(LEASE_MS - RETRY_MS - SLACK_MS);
    expect(ms).toBeLessThan(LEASE_MS + RETRY_MS + SLACK_MS);
    expect(turns()).toEqual([first.identity, second.identity]);
  });

  test("the leader stops while the API server is away, and then one of them leads again", async () => {
    const [first] = await startPair();
    const comeBack = await api.goAway();
    await first.process.logged(
      ({ msg, reason }) => msg === "Leading no longer" && reason === "deadline",
    );
    const from = polls.length;
    // Longer than the lease, and nobody may take what nobody can read.
    await Bun.sleep(LEASE_MS);
    // What was under way when it stopped may have come later.
    expect(polls.length - from).toBeLessThanOrEqual(1);
    comeBack();
    await eventually("polls", () => polls.length > from + 50);
    expect(new Set(polls.slice(from + 1)).size).toBe(1);
  });

  test("a leader that was stopped for longer than its lease does nothing as a leader when it goes on", async () => {
    const [first, second] = await startPair();
    first.process.kill("SIGSTOP");
    await polled(second);
    first.process.kill("SIGCONT");
    await first.process.logged(({ msg }) => msg === "Leading no longer");
    await first.process.logged(
      ({ msg, leader }) => msg === "Standing by" && leader === second.identity,
    );
    await polled(second);
    expect(turns()).toEqual([first.identity, second.identity]);
    // And it is there when it is needed again.
    second.process.kill();
    await polled(first);
    expect(turns()).toEqual([first.identity, second.identity, first.identity]);
  });
});

test("outside a cluster a replica does not start, and says what to do", async () => {
  const command = [process.execPath, REPLICA, "--leader-elect", "--cloud=http://127.0.0.1:1"];
  const { code, stderr } = await runProcess(command);
  expect(code).toBe(78);
  expect(stderr).toContain("give --kubeconfig");
});
