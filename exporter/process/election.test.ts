/** Two executables, a simulated cloud, and an API server over HTTPS: who collects, and what each one shows. */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { FakeApiServer } from "../../shared/testing/api-server.ts";
import { eventually } from "../../shared/testing/eventually.ts";
import { holderIn, specIn } from "../leader/testing/connect.ts";
import { sample, samples } from "../testing/metrics.ts";
import { ACCESS, createRig, type Exporter, type Rig } from "../testing/rig.ts";

setDefaultTimeout(60_000);

const LEASE_MS = 3000;
const RENEW_MS = 2000;
const RETRY_MS = 500;
/** A loaded machine, a worker that starts, a collection. */
const SLACK_MS = 2000;

let rig: Rig;
let api: FakeApiServer;

beforeEach(async () => {
  rig = createRig();
  api = await FakeApiServer.start();
  rig.hide(api.token);
  api.writeKubeconfig(join(rig.directory, "kubeconfig"));
});
afterEach(async () => {
  await rig[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
});

function startReplica(): Promise<Exporter> {
  const flags = [
    "--leader-elect",
    "--leader-elect-resource-namespace=monitoring",
    `--leader-elect-lease-duration=${LEASE_MS}ms`,
    `--leader-elect-renew-deadline=${RENEW_MS}ms`,
    `--leader-elect-retry-period=${RETRY_MS}ms`,
    `--kubeconfig=${join(rig.directory, "kubeconfig")}`,
  ];
  return rig.start(flags, { env: ACCESS });
}

const leads = (page: string) =>
  sample(page, "ktcloud_exporter_leader") === 1 && sample(page, "ktcloud_zone_up") === 1;

/** All of it: one sample, and nothing that another one shows. */
const STANDBY = /^(?:#.*\n)*ktcloud_exporter_leader 0\n$/;

/** The first leads and has collected, the other has seen it. */
async function startPair(): Promise<readonly [Exporter, Exporter]> {
  const first = await startReplica();
  await first.page("the first one leads", leads);
  const second = await startReplica();
  await second.logged(({ msg }) => msg === "Standing by");
  await eventually("both watches", () => api.watches === 2);
  return [first, second];
}

const logins = () => rig.cloud.counts.calls.token;
const lists = () => rig.cloud.counts.calls.listLoadBalancers;

/** How long it takes until this one shows load balancers. */
async function takesOver(exporter: Exporter): Promise<number> {
  const startMs = performance.now();
  await exporter.page("it leads", leads);
  return performance.now() - startMs;
}

describe("two replicas", () => {
  test("collect once: one shows load balancers, the other that it stands by, and both are ready", async () => {
    const [first, second] = await startPair();
    const from = lists();
    await eventually("three collections", () => lists() >= from + 3);
    // One token for one zone: the second has never logged in.
    expect(logins()).toBe(1);
    const page = (await first.ask("/metrics")).text;
    expect(samples(page, "ktcloud_lb_info")).toHaveLength(6);
    const openmetrics = { accept: "application/openmetrics-text" };
    expect((await second.ask("/metrics")).text).toMatch(STANDBY);
    expect((await second.ask("/metrics", { headers: openmetrics })).text).toEndWith("# EOF\n");
    for (const one of [first, second]) expect((await one.ask("/-/ready")).status).toBe(200);
    expect((await second.ask("/")).text).toContain("This replica stands by and collects nothing.");
    expect((await second.ask("/")).text).toContain(String(holderIn(api)));
  });

  test("hand over within a second or so on SIGTERM, with exit code 0 and the lease released", async () => {
    const [first, second] = await startPair();
    const before = holderIn(api);
    first.kill("SIGTERM");
    expect(await takesOver(second)).toBeLessThan(1000 + SLACK_MS);
    expect((await first.ended()).code).toBe(0);
    expect(holderIn(api)).not.toBe(before);
    expect(specIn(api)).toMatchObject({ leaseTransitions: 1 });
    expect(logins()).toBe(2);
    expect((await second.end("SIGINT")).code).toBe(0);
    expect(specIn(api)).toMatchObject({ holderIdentity: "" });
  });

  test("hand over when the leader is killed, within lease duration and retry period", async () => {
    const [first, second] = await startPair();
    first.kill("SIGKILL");
    const ms = await takesOver(second);
    expect(ms).toBeGreaterThan(LEASE_MS - RETRY_MS - SLACK_MS);
    expect(ms).toBeLessThan(LEASE_MS + 1.2 * RETRY_MS + SLACK_MS);
  });

  test("show nothing while the API server is away, and then one of them leads again", async () => {
    const [first, second] = await startPair();
    const comeBack = await api.goAway();
    const page = await first.page("it leads no longer", (text) => !leads(text));
    expect(page).toMatch(STANDBY);
    await first.logged(({ msg, reason }) => msg === "Leading no longer" && reason === "deadline");
    const from = lists();
    // Longer than the lease: nobody may take what nobody can read.
    await Bun.sleep(LEASE_MS);
    for (const one of [first, second]) expect((await one.ask("/metrics")).text).toMatch(STANDBY);
    // What was under way when it stopped may have come later.
    expect(lists() - from).toBeLessThanOrEqual(1);
    comeBack();
    const pages = () => Promise.all([first, second].map((one) => one.ask("/metrics")));
    const led = async () => (await pages()).filter(({ text }) => leads(text)).length;
    await eventually("one leads", async () => (await led()) === 1);
    const again = lists();
    await eventually("three collections", () => lists() >= again + 3);
    expect(await led()).toBe(1);
    expect(logins()).toBe(2);
  });

  test("a leader that stood still for longer than its lease never shows its old page again", async () => {
    const [first, second] = await startPair();
    first.kill("SIGSTOP");
    await takesOver(second);
    // Its kernel takes what it will answer as soon as it goes on.
    const waiting = Array.from({ length: 8 }, () => first.ask("/metrics"));
    await Bun.sleep(50);
    const calls = logins();
    first.kill("SIGCONT");
    const pages = await Promise.all(waiting);
    const until = performance.now() + 1500;
    while (performance.now() < until) pages.push(await first.ask("/metrics"));
    expect(pages.length).toBeGreaterThan(50);
    expect(pages.filter(({ text }) => !STANDBY.test(text))).toEqual([]);
    expect(logins()).toBe(calls);
    expect(leads((await second.ask("/metrics")).text)).toBe(true);
    expect((await first.ask("/-/ready")).status).toBe(200);
    // And it is there when it is needed again.
    second.kill("SIGTERM");
    await takesOver(first);
  });
});
