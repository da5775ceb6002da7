/** The exporter's manifests against its code: the port, the credentials, the routes of its probes. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { startProcess } from "../../shared/testing/process.ts";
import { render } from "../render.ts";

const rendered = await render("exporter/base");
const container = rendered.container();

test("manifests/exporter/base reads the credentials from a Secret that is not in the tree", () => {
  for (const key of ["CLOUD_ID", "CLOUD_PASSWORD", "CLOUD_ZONE"]) {
    expect(container.env).toContainEqual({
      name: key,
      valueFrom: { secretKeyRef: { name: "lb-exporter", key } },
    });
  }
});

test("manifests/exporter/base serves on 9105, where the container listens", () => {
  expect(container.args).toContain("--web.listen-address=:9105");
  expect(container.ports).toEqual([{ name: "metrics", containerPort: 9105 }]);
  expect(rendered.one("Service").spec?.ports).toMatchObject([
    { name: "metrics", port: 9105, targetPort: "metrics" },
  ]);
});

test("manifests/exporter/base has flags that the exporter starts with, and probes that it answers", async () => {
  const main = join(import.meta.dir, "../../exporter/main.ts");
  // The later flag counts; port 9 discards (RFC 863), so there is no cloud and never a snapshot.
  const local = ["--web.listen-address=127.0.0.1:0", "--api.url=http://127.0.0.1:9"];
  await using exporter = startProcess(
    [process.execPath, main, ...(container.args ?? []), ...local],
    { env: { CLOUD_ID: "id", CLOUD_PASSWORD: "password", CLOUD_ZONE: "DX-M1" } },
  );
  const port = await exporter.port("web");
  const status = async (path = "") => (await fetch(`http://127.0.0.1:${port}${path}`)).status;
  expect(await status(container.livenessProbe?.httpGet?.path)).toBe(200);
  expect(await status(container.readinessProbe?.httpGet?.path)).toBe(503);
});
