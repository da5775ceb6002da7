/** The executable and what it is started with: flags, variables, files of secrets, `.env`, and checks of them. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../../shared/testing/eventually.ts";
import { ACCOUNT, PASSWORD } from "../testing/cloud.ts";
import { sample, samples } from "../testing/metrics.ts";
import { ACCESS, createRig, type Exporter } from "../testing/rig.ts";

setDefaultTimeout(30_000);

const SHOP = { name: "shop", id: ACCOUNT, password: PASSWORD, zones: ["DX-M1", "DX-G"] };
const FILE = JSON.stringify({ accounts: [SHOP, { ...SHOP, name: "labs", zones: ["DX-G-YS"] }] });

/** In the single quotes of a `.env`. */
const QUOTED = `'${PASSWORD.replaceAll(/[\\']/g, "\\$&")}'`;

const isUp = (zone: string) => (page: string) =>
  sample(page, `ktcloud_zone_up{zone="${zone}"}`) === 1;

async function reloads(exporter: Exporter, outcome: string): Promise<number | undefined> {
  const { text } = await exporter.ask("/-/metrics");
  return sample(text, `exporter_config_reloads_total{outcome="${outcome}"}`);
}

describe("--config.check", () => {
  test("says what a good file holds and ends with 0, without a listener or a call", async () => {
    await using rig = createRig();
    const file = rig.write("accounts.yaml", FILE);
    const args = [`--config.file=${file}`, `--api.url=${rig.cloud.url}`, "--config.check"];
    expect(await rig.run(args)).toEqual({
      code: 0,
      stdout: `Checking ${file}\n  SUCCESS: 2 accounts, 3 zones\n`,
      stderr: "",
    });
    expect(rig.cloud.counts.calls.token).toBe(0);
  });

  test("lists every problem of a bad file and ends with 78", async () => {
    await using rig = createRig();
    const text = `accounts:\n  - name: shop\n    id: ${ACCOUNT}\n    passwrd: ${PASSWORD}\n    zones: [dx-m1]\n`;
    const file = rig.write("accounts.yaml", text);
    const { code, stdout, stderr } = await rig.run([`--config.file=${file}`, "--config.check"]);
    expect({ code, stdout }).toEqual({ code: 78, stdout: "" });
    expect(stderr).toContain(`${file}:4:5: accounts[0].passwrd: unknown key, did you mean`);
    expect(stderr).toContain(`${file}:5:13: accounts[0].zones[0] "dx-m1": must be one of`);
  });

  test("checks the variables where there is no file", async () => {
    await using rig = createRig();
    const { code, stdout } = await rig.run(["--config.check"], { env: ACCESS });
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: "Checking CLOUD_ID, CLOUD_PASSWORD and CLOUD_ZONE\n  SUCCESS: 1 account, 1 zone\n",
    });
  });

  test("checks the web configuration, too", async () => {
    await using rig = createRig();
    const web = rig.write("web.yml", "http2: true\n");
    const args = ["--config.check", `--web.config.file=${web}`];
    const { code, stderr } = await rig.run(args, { env: ACCESS });
    expect(code).toBe(78);
    expect(stderr).toContain(`${web}:1: http2: unknown key`);
    rig.write("web.yml", "http_server_config:\n  http2: true\n");
    expect((await rig.run(args, { env: ACCESS })).code).toBe(0);
  });
});

test("a configuration file and CLOUD_… at once are refused with 78, each by its name", async () => {
  await using rig = createRig();
  const file = rig.write("accounts.yaml", FILE);
  const { code, stderr } = await rig.run([`--config.file=${file}`], { env: ACCESS });
  expect(code).toBe(78);
  for (const name of ["CLOUD_ID", "CLOUD_PASSWORD", "--cloud.zone (CLOUD_ZONE)"]) {
    expect(stderr).toContain(`--config.file and ${name}: only one of the two may be set`);
  }
});

describe(".env in the working directory", () => {
  test("gives CLOUD_… and nothing else, where the environment has none", async () => {
    await using rig = createRig();
    rig.write(
      ".env",
      `# access\nexport CLOUD_ID=${ACCOUNT}\nCLOUD_PASSWORD=${QUOTED} # no more\nCLOUD_ZONE = DX-G\nEXPORTER_COLLECT_INTERVAL=1d\n`,
    );
    const exporter = await rig.start();
    await exporter.page("its zone", isUp("DX-G"));
    const env = { CLOUD_ZONE: "DX-Central" };
    const other = await rig.start([], { env });
    const page = await other.page("that of the environment", isUp("DX-Central"));
    expect(samples(page, "ktcloud_zone_up")).toHaveLength(1);
  });

  test("with a line that is no assignment stops the start with its number, not its content", async () => {
    await using rig = createRig();
    rig.hide("no-assignment-at-all");
    rig.write(".env", `CLOUD_ID=${ACCOUNT}\n\nno-assignment-at-all\nCLOUD_PASSWORD='${PASSWORD}\n`);
    const { code, stderr } = await rig.run([]);
    expect(code).toBe(78);
    expect(stderr).toContain(".env:3: is not of the form NAME=value");
  });

  test.each(["SIGHUP", "POST"])("is read again on %s", async (how) => {
    await using rig = createRig();
    const lines = `CLOUD_ID=${ACCOUNT}\nCLOUD_PASSWORD=${QUOTED}\nCLOUD_ZONE=`;
    rig.write(".env", `${lines}DX-M1\n`);
    const exporter = await rig.start();
    await exporter.page("the first zone", isUp("DX-M1"));
    const ask = async () => {
      if (how === "SIGHUP") return exporter.kill("SIGHUP");
      return await exporter.ask("/-/reload", { method: "POST" });
    };
    rig.write(".env", `${lines}DX-G\n`);
    const answer = await ask();
    if (answer) expect(answer).toMatchObject({ status: 200, text: "Configuration reloaded\n" });
    const page = await exporter.page("the other zone", isUp("DX-G"));
    expect(page).not.toContain("DX-M1");

    rig.write(".env", `${lines}DX-X\n`);
    const refused = await ask();
    if (refused) expect(refused).toMatchObject({ status: 500 });
    await eventually("a reload has failed", async () => (await reloads(exporter, "failed")) === 1);
    expect((await exporter.ask("/")).text).toContain("CLOUD_ZONE");
    expect((await exporter.ask("/metrics")).text).toContain("DX-G");
  });
});

test("a password in the file of CLOUD_PASSWORD_FILE is followed when it changes", async () => {
  await using rig = createRig();
  const [old, next] = ["0ld passw0rd", "n3w passw0rd"];
  const account = "rotating@example.com";
  for (const secret of [old, next, account]) rig.hide(secret);
  rig.cloud.turn({ accounts: [{ account, password: old }] });
  const file = rig.write("password", `${old}\n`);
  const env = { CLOUD_ID: account, CLOUD_PASSWORD_FILE: file, CLOUD_ZONE: "DX-M1" };
  const exporter = await rig.start([], { env });
  await exporter.page("its zone", isUp("DX-M1"));
  rig.cloud.turn({ accounts: [{ account, password: next }] });
  rig.cloud.revokeTokens();
  await exporter.page("a refused login", (page) => !isUp("DX-M1")(page));
  rig.write("password", `${next}\r\n`);
  await exporter.page("its zone again", isUp("DX-M1"));
  expect(await reloads(exporter, "changed")).toBe(1);
});

test("SIGHUP without any file does not end the process", async () => {
  await using rig = createRig();
  const exporter = await rig.start([], { env: ACCESS });
  await exporter.page("its zone", isUp("DX-M1"));
  exporter.kill("SIGHUP");
  await eventually("a reload", async () => (await reloads(exporter, "unchanged")) === 1);
  expect((await exporter.ask("/-/ready")).status).toBe(200);
  expect((await exporter.end()).code).toBe(0);
});

describe("--help", () => {
  test.each(["exporter", "exporter check", "exporter get [PATH]"])(
    "has the usage of %s, and fits a terminal",
    async (usage) => {
      await using rig = createRig();
      const [, command] = usage.split(" ");
      const args = [...(command === undefined ? [] : [command]), "--help"];
      const { code, stdout, stderr } = await rig.run(args);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toContain(`Usage: ${usage} [flags]\n`);
      // A command has no commands.
      expect(stdout.includes("Commands,")).toBe(command === undefined);
      for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
    },
  );
});
