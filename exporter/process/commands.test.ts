/** `exporter check` and `exporter get` as a person or a script calls them, pipes included. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { runProcess } from "../../shared/testing/process.ts";
import { ACCOUNT, PASSWORD } from "../testing/cloud.ts";
import { sample } from "../testing/metrics.ts";
import { ACCESS, createRig, EXPORTER, type Exporter } from "../testing/rig.ts";

setDefaultTimeout(30_000);

const beside = (exporter: Exporter) => `--web.listen-address=${new URL(exporter.url).host}`;

describe("exporter check", () => {
  test("has one line for each zone of an account, and ends with 0", async () => {
    await using rig = createRig();
    const shop = { name: "shop", id: ACCOUNT, password: PASSWORD, zones: ["DX-M1", "DX-G"] };
    const file = rig.write("accounts.yaml", JSON.stringify({ accounts: [shop] }));
    const args = ["check", `--config.file=${file}`, `--api.url=${rig.cloud.url}`];
    const { code, stdout, stderr } = await rig.run(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.replaceAll(/ \(.*/g, "").split("\n")).toEqual([
      "shop DX-M1: ok, 6 load balancers",
      "shop DX-G: ok, 6 load balancers",
      "",
    ]);
  });

  test("says what is wrong with an account, and ends with 1", async () => {
    await using rig = createRig();
    rig.hide("wr0ng-password");
    const env = { ...ACCESS, CLOUD_PASSWORD: "wr0ng-password" };
    const { code, stdout } = await rig.run(["check", `--api.url=${rig.cloud.url}`], { env });
    expect(code).toBe(1);
    expect(stdout).toStartWith("DX-M1: token failed (auth): HTTP 401");
  });

  test("ends with 78 where the configuration cannot be used", async () => {
    await using rig = createRig();
    const { code, stdout, stderr } = await rig.run(["check"]);
    expect({ code, stdout }).toEqual({ code: 78, stdout: "" });
    expect(stderr).toContain("exporter check: cannot start, 3 problems");
  });
});

describe("exporter get", () => {
  test("prints the page, and takes its path before the flags or after them", async () => {
    await using rig = createRig();
    const exporter = await rig.start(["--collect.interval=5m"], { env: ACCESS });
    const page = await exporter.page("its zone", (text) => sample(text, "ktcloud_zone_up") === 1);
    const flag = beside(exporter);
    expect(await rig.run(["get", flag])).toEqual({ code: 0, stdout: page, stderr: "" });
    const ok = { code: 0, stdout: "ok\n", stderr: "" };
    expect(await rig.run(["get", "/-/ready", flag])).toEqual(ok);
    expect(await rig.run(["get", flag, "/-/ready"])).toEqual(ok);
  });

  test("ends with 1 and the reason for what is not ready, or not there", async () => {
    await using rig = createRig();
    // A cloud that repeats what it was sent: neither id nor password may come of it.
    rig.cloud.turn({ faults: [{ kind: "status", status: 503, body: "echo" }] });
    const exporter = await rig.start([], { env: ACCESS });
    const notReady = await rig.run(["get", "/-/ready", beside(exporter)]);
    expect(notReady).toMatchObject({ code: 1, stdout: "" });
    expect(notReady.stderr).toContain("/-/ready: answered with 503: the load balancers were never");
    const notThere = await rig.run(["get", "/nowhere", beside(exporter)]);
    expect(notThere).toMatchObject({ code: 1, stdout: "" });
    await exporter.end();
    const gone = await rig.run(["get", beside(exporter)]);
    expect(gone).toMatchObject({ code: 1, stdout: "" });
    expect(gone.stderr).toContain("is the exporter running, and on this address?");
  });

  test("prints a large page whole to who reads slowly, and is content with who reads one line", async () => {
    await using rig = createRig({ loadBalancers: 30, servers: 100 });
    const exporter = await rig.start(["--collect.interval=5m"], { env: ACCESS });
    const page = await exporter.page("its zone", (text) => sample(text, "ktcloud_zone_up") === 1);
    expect(page.length).toBeGreaterThan(1_000_000);
    const env = { EXPORTER_WEB_LISTEN_ADDRESS: new URL(exporter.url).host };
    const shell = (line: string) =>
      runProcess(["bash", "-o", "pipefail", "-c", line, EXPORTER], { env, cwd: rig.directory });
    expect(await shell('"$0" get | head -1')).toEqual({
      code: 0,
      stdout: page.slice(0, page.indexOf("\n") + 1),
      stderr: "",
    });
    const whole = await shell('"$0" get | { sleep 0.3; cat; }');
    expect(whole).toMatchObject({ code: 0, stderr: "" });
    expect(whole.stdout === page).toBe(true);
  });
});
