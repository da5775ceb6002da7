/** The compiled sidecar as a process. */
import { describe, expect, test } from "bun:test";
import { eventually } from "../shared/testing/eventually.ts";
import { type RunningProcess, runProcess, startProcess } from "../shared/testing/process.ts";

const SIDECAR = `${import.meta.dir}/../dist/sidecar`;
const PROMETHEUS = { "user-agent": "Prometheus/2.42.0" };

function start(originalPort: number, ...more: string[]): RunningProcess {
  const args = [
    "--log-format=json",
    "--host=127.0.0.1",
    "--proxy-port=0",
    `--original-port=${originalPort}`,
  ];
  return startProcess([SIDECAR, ...args, ...more]);
}

/** Captures that were whole so far. */
async function captures(metricsUrl: string): Promise<number> {
  const page = await (await fetch(metricsUrl.replace("/metrics", "/-/metrics"))).text();
  return Number(/^sidecar_captures_total\{outcome="whole"\} (\d+)$/m.exec(page)?.[1]);
}

describe("dist/sidecar", () => {
  test("loses nothing when the application counts on after SIGTERM and then goes", async () => {
    let count = 0;
    const page = () => `a_total ${count}\n`;
    const application = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: () => new Response(page()),
    });
    await using sidecar = start(application.port ?? 0);
    const url = `http://127.0.0.1:${await sidecar.port("proxy")}/metrics`;
    const scrape = async () => (await fetch(url, { headers: PROMETHEUS })).text();
    count = 1;
    expect(await scrape()).toBe("a_total 1\n");

    sidecar.kill("SIGTERM");
    await sidecar.logged((entry) => entry.phase === "draining");
    count = 2;
    expect(await scrape()).toBe("a_total 2\n");
    count = 3;
    const before = await captures(url);
    // One capture may have been under way while the application counted: the next one has it all.
    await eventually("two more captures", async () => (await captures(url)) >= before + 2);
    await application.stop(true);
    await sidecar.logged((entry) => entry.phase === "final");
    expect(await (await fetch(url)).text()).toBe("a_total 3\n");
    expect(await scrape()).toBe("a_total 3\n");

    const { code } = await sidecar.ended();
    expect(code).toBe(0);
    expect(await sidecar.logged((e) => e.msg === "Final scrape")).toMatchObject({
      outcome: "delivered",
      complete: true,
      missed: [],
    });
  });

  test("outlives clients that send a request and reset at once", async () => {
    const application = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: () => new Response("a 1\n"),
    });
    await using sidecar = start(application.port ?? 0);
    const port = await sidecar.port("proxy");
    for (let i = 0; i < 500; i++) {
      const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data: () => {} } });
      socket.write("GET /metrics HTTP/1.1\r\nHost: pod\r\n\r\n");
      socket.terminate();
    }
    expect(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).toBe("a 1\n");
    await application.stop(true);
  });

  test.each(["SIGTERM", "SIGINT"] as const)(
    "on %s leaves before the grace period ends, whoever did not come",
    async (signal) => {
      const application = Bun.serve({
        hostname: "127.0.0.1",
        port: 0,
        fetch: () => new Response("a 1\n"),
      });
      await using sidecar = start(application.port ?? 0, "--termination-grace-period-seconds=1");
      await sidecar.port("proxy");
      const started = performance.now();
      sidecar.kill(signal);
      sidecar.kill(signal);
      expect((await sidecar.ended()).code).toBe(0);
      expect(performance.now() - started).toBeLessThan(1000);
      expect(await sidecar.logged((e) => e.msg === "Final scrape")).toMatchObject({
        outcome: "never_scraped",
      });
      await application.stop(true);
    },
  );

  test("says every problem of its command line at once and exits with 78", async () => {
    const { code, stderr } = await runProcess(
      [SIDECAR, "--nope", "--proxy-port=70000", "--original-port=abc"],
      {
        env: { SIDECAR_TERMINATION_GRACE_PERIOD_SECONDS: "0" },
      },
    );
    expect(code).toBe(78);
    expect(stderr).toBe(
      [
        "sidecar: cannot start, 4 problems in the configuration:",
        "  --nope: unknown flag",
        '  --proxy-port "70000": must be a whole number from 0 to 65535',
        '  --original-port "abc": must be a whole number from 1 to 65535',
        '  SIDECAR_TERMINATION_GRACE_PERIOD_SECONDS "0": must be a whole number from 1 to 86400',
        "Run 'sidecar --help' to see what is allowed.",
        "",
      ].join("\n"),
    );
  });

  test("names the port that is in use, and the flag, and exits with 1", async () => {
    const holder = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response("") });
    const args = ["--host=127.0.0.1", `--proxy-port=${holder.port}`];
    const { code, stderr } = await runProcess([SIDECAR, ...args]);
    expect(code).toBe(1);
    expect(stderr).toContain(
      `Cannot listen on 127.0.0.1:${holder.port} (--proxy-port): the port is in use`,
    );
    await holder.stop(true);
  });

  test("reads neither .env nor bunfig.toml from where it is started", async () => {
    const dir = `${import.meta.dir}/testdata/hostile-directory`;
    const { code, stdout } = await runProcess([SIDECAR, "--version"], { cwd: dir });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^sidecar \d+\.\d+\.\d+ \(revision \S+, bun 1\.4\.5\)\n$/);
  });

  test("explains itself with --help", async () => {
    const { code, stdout } = await runProcess([SIDECAR, "--help"]);
    expect(code).toBe(0);
    expect(stdout).toContain("--termination-grace-period-seconds SECONDS");
  });
});
