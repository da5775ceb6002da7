/** The compiled exporter with TLS and a user, asked by curl as a person at a shell asks it. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { sample, samples } from "../exporter/testing/metrics.ts";
import { ACCESS, createRig, type Rig } from "../exporter/testing/rig.ts";
import { createCertificate } from "../shared/testing/certificate.ts";
import { runProcess } from "../shared/testing/process.ts";

const PASSWORD = "scraper's passw0rd: ü";

/** An exporter behind TLS and a user, and the command line that asks it for a path. */
async function startSecured(rig: Rig) {
  rig.hide(PASSWORD);
  const { ca, cert, key } = await createCertificate();
  rig.write("tls.crt", cert);
  rig.write("tls.key", key);
  const hash = await Bun.password.hash(PASSWORD, { algorithm: "bcrypt", cost: 4 });
  const file = rig.write(
    "web.yml",
    `basic_auth_users:\n  prometheus: ${hash}\ntls_server_config:\n  cert_file: tls.crt\n  key_file: tls.key\n`,
  );
  const exporter = await rig.start([`--web.config.file=${file}`], { env: ACCESS });
  const url = `https://localhost:${await exporter.port("web")}/metrics`;
  const trust = ["--cacert", rig.write("ca.crt", ca)];
  const curl = (...args: readonly string[]) =>
    runProcess(["curl", "-sS", "-m", "30", "--noproxy", "*", "--fail", ...trust, ...args]);
  return { exporter, url, curl };
}

describe("curl", () => {
  test("gets a page of megabytes whole, twice over one connection, plain and compressed alike", async () => {
    await using rig = createRig({ loadBalancers: 1000, servers: 12 });
    const { url, curl } = await startSecured(rig);
    const user = ["--user", `prometheus:${PASSWORD}`];
    const wanted = ["--retry", "20", "--retry-all-errors", "--retry-delay", "1"];
    const ready = url.replace("/metrics", "/-/ready");
    expect(await curl(...user, ...wanted, ready)).toMatchObject({ code: 0 });
    const files = ["first", "second"].map((name) => join(rig.directory, name));
    const outputs = files.flatMap((path) => ["-o", path, url]);
    for (const encoding of [[], ["--compressed"]]) {
      expect(await curl(...user, ...encoding, ...outputs)).toMatchObject({ code: 0, stderr: "" });
      for (const path of files) {
        const page = await Bun.file(path).text();
        expect(page.length).toBeGreaterThan(5_000_000);
        expect(samples(page, "ktcloud_lb_server_state")).toHaveLength(12_000);
        const lines = page.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
        expect(sample(page, "ktcloud_snapshot_samples")).toBe(lines.length - 2);
      }
    }
  });

  test("is refused with a wrong password: 22 is its code for an HTTP error", async () => {
    await using rig = createRig();
    const { url, curl } = await startSecured(rig);
    expect((await curl("--user", "prometheus:wrong", url)).code).toBe(22);
  });
});
