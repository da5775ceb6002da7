import { describe, expect, test } from "bun:test";
import { eventually } from "../../shared/testing/eventually.ts";
import { runProcess, startProcess } from "../../shared/testing/process.ts";
import { sample, samples } from "../testing/metrics.ts";

const EXPORTER = `${import.meta.dir}/../../dist/exporter`;
const PASSWORD = "pa55word-of-the-test";
const ENV = {
  CLOUD_ID: "demo@example.com",
  CLOUD_PASSWORD: PASSWORD,
  CLOUD_ZONE: "DX-M1",
};
const AUTH_ERRORS = 'ktcloud_api_errors_total{zone="DX-M1",operation="token",class="auth"}';
const LISTEN = ["--web.listen-address", "127.0.0.1:0", "--log-format", "json"];

function startSimulator(password = PASSWORD) {
  const file = `${import.meta.dir}/../ktcloud/simulator.ts`;
  return startProcess([process.execPath, file, "--port", "0", "--log-format", "json"], {
    env: { SIMULATOR_PASSWORD: password },
  });
}

function startExporter(apiUrl: string, ...more: readonly string[]) {
  const flags = [
    ...LISTEN,
    "--api.url",
    apiUrl,
    // The one that has all that the original showed.
    "--api.dialect=command",
    "--collect.start-jitter=0s",
    "--collect.interval",
    "1s",
    "--log.level",
    "debug",
  ];
  return startProcess([EXPORTER, ...flags, ...more], { env: ENV });
}

/** The page once its zone is up or down, as wanted. */
function pageWhere(url: string, up: number): Promise<string> {
  return eventually(`the zone's up is ${up}`, async () => {
    const page = await (await fetch(`${url}/metrics`)).text();
    return sample(page, "ktcloud_zone_up") === up ? page : undefined;
  });
}

describe("the executable", () => {
  test("names every problem of its configuration at once, starts nothing and exits with 78", async () => {
    const command = [EXPORTER, "--collect.intervall=1s", "--web.listen-address", ":70000"];
    const { code, stdout, stderr } = await runProcess(command, { env: { CLOUD_ZONE: "DX-X" } });
    expect(code).toBe(78);
    expect(stdout).toBe("");
    for (const part of [
      "5 problems",
      "--collect.intervall: unknown flag",
      '--web.listen-address ":70000"',
      'CLOUD_ZONE "DX-X": must be one of DX-M1, DX-Central, DX-DCN-CJ, DX-G, DX-G-YS',
      "CLOUD_ID or CLOUD_ID_FILE: is required",
      "CLOUD_PASSWORD or CLOUD_PASSWORD_FILE: is required",
    ]) {
      expect(stderr).toContain(part);
    }
    expect(stderr).not.toContain("Listening");
  });

  test("serves all 14 metrics of the original from the simulated cloud, and ends with 0 on SIGTERM", async () => {
    await using simulator = startSimulator();
    const cloud = `http://127.0.0.1:${await simulator.port("simulator")}`;
    await using exporter = startExporter(cloud);
    const url = `http://127.0.0.1:${await exporter.port("web")}`;
    const page = await pageWhere(url, 1);
    for (const [name, count] of INHERITED) {
      expect([name, samples(page, name).length]).toEqual([name, count]);
    }
    expect((await fetch(`${url}/-/ready`)).status).toBe(200);
    const own = await (await fetch(`${url}/-/metrics`)).text();
    expect(sample(own, "exporter_worker_restarts_total")).toBe(0);
    exporter.kill("SIGTERM");
    simulator.kill("SIGTERM");
    const [ended, other] = [await exporter.ended(), await simulator.ended()];
    expect([ended.code, other.code]).toEqual([0, 0]);
    const printed = [page, own, ended.stdout, ended.stderr, other.stdout, other.stderr].join("");
    expect(printed).not.toContain(PASSWORD);
    expect(printed).not.toContain("gAAAA");
  });

  test("answers at once while the cloud is unreachable, says so, and goes on when it is back", async () => {
    await using simulator = startSimulator();
    const cloud = `http://127.0.0.1:${await simulator.port("simulator")}`;
    await put(cloud, { faults: [{ kind: "reset" }] });
    await using exporter = startExporter(cloud);
    const url = `http://127.0.0.1:${await exporter.port("web")}`;
    const first = await fetch(`${url}/metrics`);
    expect(first.status).toBe(200);
    expect(samples(await first.text(), "ktcloud_lb_total_count")).toEqual([]);
    const failing = await eventually("the failure is on the page", async () => {
      const page = await (await fetch(`${url}/metrics`)).text();
      return samples(page, "ktcloud_api_errors_total").some(
        (line) => line.includes('class="network"') && !line.endsWith(" 0"),
      )
        ? page
        : undefined;
    });
    expect(samples(failing, "ktcloud_lb_total_count")).toEqual([]);
    const ready = await fetch(`${url}/-/ready`);
    expect(ready.status).toBe(503);
    expect(await ready.text()).toContain("never listed yet: token failed (network)");
    expect((await fetch(`${url}/-/healthy`)).status).toBe(200);
    await put(cloud, { faults: [] });
    expect(sample(await pageWhere(url, 1), "ktcloud_lb_total_count")).toBe(6);
  });

  test("with a wrong password serves all the same, counts it as auth, and never prints the password", async () => {
    await using simulator = startSimulator("another-password");
    const cloud = `http://127.0.0.1:${await simulator.port("simulator")}`;
    await using exporter = startExporter(cloud);
    const url = `http://127.0.0.1:${await exporter.port("web")}`;
    await exporter.logged(({ level, class: failure }) => level === "WARN" && failure === "auth");
    const page = await eventually("the page tells of the failure", async () => {
      const text = await (await fetch(`${url}/metrics`)).text();
      return sample(text, AUTH_ERRORS) === 0 ? undefined : text;
    });
    expect(samples(page, "ktcloud_lb_total_count")).toEqual([]);
    exporter.kill("SIGTERM");
    const { code, stdout, stderr } = await exporter.ended();
    expect(code).toBe(0);
    expect(page + stdout + stderr).not.toContain(PASSWORD);
  });

  test("ends with 0 within its deadline while calls hang, on SIGINT too", async () => {
    await using simulator = startSimulator();
    const cloud = `http://127.0.0.1:${await simulator.port("simulator")}`;
    await put(cloud, { faults: [{ kind: "stall" }] });
    await using exporter = startExporter(cloud, "--collect.timeout", "5m");
    await exporter.port("web");
    await eventually("a call hangs", async () => {
      const counters = await (await fetch(`${cloud}/-/counters`)).text();
      return counters.includes('"token":1') ? true : undefined;
    });
    exporter.kill("SIGINT");
    expect((await exporter.ended()).code).toBe(0);
  });

  test("exits with 1 and says why if it cannot listen", async () => {
    using holder = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
    const address = `127.0.0.1:${holder.port}`;
    const command = [EXPORTER, "--api.url", "http://127.0.0.1:1", "--web.listen-address", address];
    const { code, stderr } = await runProcess(command, { env: ENV });
    expect(code).toBe(1);
    expect(stderr).toContain(`Cannot listen on ${address} (--web.listen-address)`);
  });
});

/** Series of each inherited metric for 6 load balancers with 3 servers each. */
const INHERITED: readonly [string, number][] = [
  ["ktcloud_lb_total_count", 1],
  ["ktcloud_lb_info", 6],
  ["ktcloud_lb_server_count", 6],
  ["ktcloud_lb_server_state", 18],
  ["ktcloud_server_current_connections", 18],
  ["ktcloud_server_throughput_rate_kbps", 18],
  ["ktcloud_server_avg_ttfb_ms", 18],
  ["ktcloud_server_requests_rate_per_sec", 18],
  ["ktcloud_lb_service_type_count", 3],
  ["ktcloud_lb_scrape_duration_seconds", 1],
  ["ktcloud_lb_last_scrape_timestamp", 1],
  ["ktcloud_lb_update_conflicts_total", 1],
  ["ktcloud_lb_atomic_updates_total", 1],
  ["ktcloud_lb_exporter_info_info", 1],
];

async function put(cloud: string, knobs: object): Promise<void> {
  const answer = await fetch(`${cloud}/-/knobs`, { method: "PUT", body: JSON.stringify(knobs) });
  expect(answer.status).toBe(200);
}
