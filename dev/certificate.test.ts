/** The example of the README: a certificate, the webhook, and the ready AdmissionReview. */
import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startProcess } from "../shared/testing/process.ts";
import { writeCertificate } from "./certificate.ts";

test("the written certificate serves, and the ready AdmissionReview is answered by a patch", async () => {
  const directory = mkdtempSync(join(tmpdir(), "dev-certificate-"));
  await writeCertificate(directory);
  expect(statSync(join(directory, "tls.key")).mode & 0o777).toBe(0o600);
  await using webhook = startProcess([
    join(import.meta.dir, "../dist/webhook"),
    `--cert-dir=${directory}`,
    "--log-format=json",
    "--host=127.0.0.1",
    "--port=0",
    "--metrics-bind-address=0",
    "--health-probe-bind-address=0",
  ]);
  const answer = await fetch(`https://localhost:${await webhook.port("webhook")}/mutate`, {
    method: "POST",
    body: readFileSync(join(import.meta.dir, "admission-review.json")),
    tls: { ca: readFileSync(join(directory, "ca.crt"), "utf8") },
  });
  const { response } = (await answer.json()) as { response: { uid: string; patch: string } };
  expect(response.uid).toBe("705ab4f5-6393-11e8-b7cc-42010a800002");
  expect(Buffer.from(response.patch, "base64").toString()).toContain('"--proxy-port=18080"');
  rmSync(directory, { recursive: true });
});
