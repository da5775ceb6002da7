/** `just dev` and `just demo` as a person at a terminal runs them. */
import { describe, expect, test } from "bun:test";
import { listen } from "../shared/http.ts";
import { eventually } from "../shared/testing/eventually.ts";
import { type RunningProcess, startProcess } from "../shared/testing/process.ts";

const ROOT = `${import.meta.dir}/..`;

const PORT_FLAGS = [
  "--app-port",
  "--sidecar-port",
  "--simulator-port",
  "--exporter-port",
  "--webhook-port",
  "--webhook-metrics-port",
  "--webhook-health-port",
  "--prometheus-port",
] as const;

type Ports = Record<(typeof PORT_FLAGS)[number], number>;

/** Ports that are free now. */
async function freePorts(): Promise<Ports> {
  const bind = { host: "127.0.0.1", port: 0 };
  const held = PORT_FLAGS.map((flag) => listen({ flag, bind, fetch: () => new Response("") }));
  const ports = Object.fromEntries(held.map(({ port }, i) => [PORT_FLAGS[i], port]));
  await Promise.all(held.map((one) => one.close(0)));
  return ports as Ports;
}

function startDev(ports: Ports): RunningProcess {
  const args = PORT_FLAGS.map((flag) => `${flag}=${ports[flag]}`);
  // Nothing else on the PATH, and so no Prometheus: this runs alike on every machine.
  const path = `${ROOT}/node_modules/.bin`;
  return startProcess(["bun", "dev/main.ts", "--log-format=json", ...args], {
    cwd: ROOT,
    env: { PATH: path, TMPDIR: process.env.TMPDIR ?? "/tmp" },
  });
}

async function body(url: string, init: BunFetchRequestInit = {}): Promise<string> {
  return await (await fetch(url, init)).text();
}

async function answers(url: string): Promise<boolean> {
  return await fetch(url).then(
    () => true,
    () => false,
  );
}

describe("just dev", () => {
  test("starts everything, says what to try, and leaves nothing behind within 5 s of Ctrl-C", async () => {
    const ports = await freePorts();
    await using dev = startDev(ports);
    await dev.printed("Ctrl-C ends everything.");
    const page = (flag: keyof Ports) => `http://127.0.0.1:${ports[flag]}`;

    expect(await body(`${page("--sidecar-port")}/metrics`)).toContain("demo_orders_total");
    expect(await body(`${page("--exporter-port")}/metrics`)).toContain("ktcloud_lb_server_count{");
    expect(await body(`${page("--webhook-metrics-port")}/metrics`)).toContain("webhook_build_info");
    const review = await Bun.file(`${ROOT}/dev/admission-review.json`).text();
    const answer = await fetch(`https://127.0.0.1:${ports["--webhook-port"]}/mutate`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: review,
      tls: { rejectUnauthorized: false },
    });
    expect(await answer.json()).toMatchObject({
      response: { allowed: true, patchType: "JSONPatch" },
    });

    const asked = performance.now();
    dev.kill("SIGINT");
    const { code } = await dev.ended();
    expect(code).toBe(0);
    expect(performance.now() - asked).toBeLessThan(5000);
    for (const flag of PORT_FLAGS) expect(await answers(`${page(flag)}/`)).toBe(false);
  });

  test("names each port that is in use and what wanted it, and starts nothing", async () => {
    const ports = await freePorts();
    const hold = (port: number) =>
      listen({ flag: "", bind: { host: "127.0.0.1", port }, fetch: () => new Response("held") });
    const held = [hold(ports["--exporter-port"]), hold(ports["--webhook-port"])];
    await using dev = startDev(ports);
    const { code, stderr } = await dev.ended();
    expect(code).toBe(78);
    expect(stderr).toContain(
      `  port ${ports["--exporter-port"]} is in use, and exporter wants it: stop what holds it, or choose another with --exporter-port\n` +
        `  port ${ports["--webhook-port"]} is in use, and webhook wants it: stop what holds it, or choose another with --webhook-port\n`,
    );
    expect(await answers(`http://127.0.0.1:${ports["--app-port"]}/`)).toBe(false);
    await Promise.all(held.map((one) => one.close(0)));
  });

  test("restarts the component whose source changed, and no other", async () => {
    const ports = await freePorts();
    await using dev = startDev(ports);
    await dev.printed("Ctrl-C ends everything.");
    const started = async (flag: keyof Ports, path: string) => {
      const text = await body(`http://127.0.0.1:${ports[flag]}${path}`).catch(() => "");
      return Number(/^process_start_time_seconds (\S+)$/m.exec(text)?.[1] ?? Number.NaN);
    };
    const sidecar = await started("--sidecar-port", "/-/metrics");
    const exporter = await started("--exporter-port", "/-/metrics");
    // The same bytes again: a change to the watcher, none to the repository.
    const source = Bun.file(`${ROOT}/sidecar/main.ts`);
    await Bun.write(source, await source.text());
    await eventually("the sidecar is a new process", async () => {
      return (await started("--sidecar-port", "/-/metrics")) > sidecar;
    });
    expect(await started("--exporter-port", "/-/metrics")).toBe(exporter);
    // As a terminal that is closed sends it.
    dev.kill("SIGHUP");
    expect((await dev.ended()).code).toBe(0);
    for (const flag of PORT_FLAGS)
      expect(await answers(`http://127.0.0.1:${ports[flag]}/`)).toBe(false);
  });
});

describe("just demo", () => {
  test("loses counts without the sidecar and none with it", async () => {
    await using demo = startProcess(["bun", "dev/demo.ts", "--scrape-interval=3s"], { cwd: ROOT });
    const { code, stdout } = await demo.ended();
    expect(code).toBe(0);
    const row = (name: string) =>
      new RegExp(`^${name} +(\\d+) +(\\d+) +(-?\\d+)$`, "m").exec(stdout)?.slice(1).map(Number);
    const [counted, scraped, lost] = row("with the sidecar") ?? [];
    expect(lost).toBe(0);
    expect(scraped).toBe(counted as number);
    expect(row("without the sidecar")?.[2]).toBeGreaterThan(0);
  });
});
