/** The web configuration in a process of its own: exit codes, signals, metrics, and what it prints. */
import { beforeAll, describe, expect, test } from "bun:test";
import { createCertificate, type TestCertificate } from "../../shared/testing/certificate.ts";
import { eventually } from "../../shared/testing/eventually.ts";
import { runProcess, startProcess } from "../../shared/testing/process.ts";
import { sample } from "../testing/metrics.ts";
import { createWebDirectory } from "./testing/web-directory.ts";

const PROGRAM = `${import.meta.dir}/testdata/program.ts`;
const PASSWORD = "pa55word-of-the-process";
const TLS = "tls_server_config:\n  cert_file: tls.crt\n  key_file: tls.key\n";

let pair: TestCertificate;
let users: string;

beforeAll(async () => {
  pair = await createCertificate();
  const hash = await Bun.password.hash(PASSWORD, { algorithm: "bcrypt", cost: 4 });
  users = `basic_auth_users:\n  prometheus: ${hash}\n`;
});

function command(...flags: readonly string[]): string[] {
  return [process.execPath, PROGRAM, "--log-format", "json", "--log-level", "debug", ...flags];
}

describe("--web.config.file", () => {
  test("serves, reloads on SIGHUP, tells how it fares, ends with 0, and prints no secret", async () => {
    using directory = createWebDirectory({
      "web.yml": users + TLS,
      "tls.crt": pair.cert,
      "tls.key": pair.key,
    });
    await using child = startProcess(command(`--web.config.file=${directory.configFile}`));
    const url = `https://localhost:${await child.port("web")}/metrics`;
    const ask = (password: string) => {
      const credentials = Buffer.from(`prometheus:${password}`).toString("base64");
      const headers = { Authorization: `Basic ${credentials}` };
      return fetch(url, { headers, tls: { ca: pair.ca }, proxy: "" });
    };
    expect((await ask(`${PASSWORD}!`)).status).toBe(401);
    const page = await (await ask(PASSWORD)).text();
    expect(sample(page, "exporter_web_config_last_reload_successful")).toBe(1);
    expect(page).toContain('exporter_web_refused_requests_total{reason="unauthorized"} 1\n');
    expect(page).toContain('exporter_web_refused_requests_total{reason="busy"} 0\n');
    const day = 86_400;
    expect(sample(page, "exporter_web_certificate_expiry_seconds")).toBeWithin(29 * day, 31 * day);

    directory.write("web.yml", `${users}${TLS}  key: ${PASSWORD}\n`);
    child.kill("SIGHUP");
    await child.logged(({ msg }) => msg.startsWith("Refused a new web configuration"));
    const refused = await (await ask(PASSWORD)).text();
    expect(sample(refused, "exporter_web_config_last_reload_successful")).toBe(0);

    directory.write("web.yml", users + TLS);
    child.kill("SIGHUP");
    await eventually("it is right again", async () => {
      const now = await (await ask(PASSWORD)).text();
      return sample(now, "exporter_web_config_last_reload_successful") === 1;
    });
    child.kill("SIGTERM");
    const { code, stdout, stderr } = await child.ended();
    expect(code).toBe(0);
    expect(stdout + stderr).not.toContain(PASSWORD);
    expect(stdout + stderr).not.toContain("$2b$");
    expect(stdout + stderr).not.toContain("PRIVATE KEY");
  });

  test("that is wrong ends with 78 and every problem, from the environment too", async () => {
    using directory = createWebDirectory({
      "web.yml": "http2: true\nrate_limit:\n  interval: 5\n",
    });
    const { code, stderr } = await runProcess(command(), {
      env: { PROGRAM_WEB_CONFIG_FILE: directory.configFile },
    });
    expect(code).toBe(78);
    expect(stderr).toContain("2 problems");
    expect(stderr).toContain(`${directory.configFile}:1: http2: unknown key\n`);
    expect(stderr).toContain(
      `${directory.configFile}:3: rate_limit.interval "5": must be a duration`,
    );
  });

  test("is not needed", async () => {
    await using child = startProcess(command());
    const page = await (await fetch(`http://127.0.0.1:${await child.port("web")}/`)).text();
    expect(page).toContain("exporter_build_info{");
    expect(page).not.toContain("exporter_web");
  });
});
