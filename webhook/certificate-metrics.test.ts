import { expect, test } from "bun:test";
import { createRegistry } from "../shared/metrics.ts";
import { createCertificateMetrics } from "./certificate-metrics.ts";

function start() {
  const state: { notAfter: Date | undefined; nowMs: number } = { notAfter: undefined, nowMs: 0 };
  const registry = createRegistry("webhook", { version: "1", revision: "r", bun: "b" });
  const notAfter = () => state.notAfter;
  const metrics = createCertificateMetrics(registry, { notAfter, nowMs: () => state.nowMs });
  const series = async () => {
    const page = await registry.metrics();
    return [...page.matchAll(/^webhook_certificate_(.+)$/gm)].map(([, line]) => line ?? "");
  };
  return { state, metrics, series };
}

test("the end of the served certificate is absent while none is served", async () => {
  const { state, series } = start();
  const nothing = [
    'reloads_total{result="success"} 0',
    'reloads_total{result="refused"} 0',
    "last_reload_successful 1",
  ];
  expect(await series()).toEqual(nothing);
  state.notAfter = new Date(2_000_000);
  state.nowMs = 500_000;
  expect(await series()).toEqual([
    "expiry_seconds 1500",
    "not_after_timestamp_seconds 2000",
    ...nothing,
  ]);
  state.nowMs = 2_000_500;
  expect(await series()).toContain("expiry_seconds -0.5");
  state.notAfter = undefined;
  expect(await series()).toEqual(nothing);
});

test("reloads are counted by result, and the last one is told", async () => {
  const { metrics, series } = start();
  const reloads = async () => (await series()).join();
  metrics.replaced();
  metrics.refused();
  metrics.refused();
  expect(await reloads()).toBe(
    'reloads_total{result="success"} 1,reloads_total{result="refused"} 2,last_reload_successful 0',
  );
  metrics.recovered();
  expect(await reloads()).toContain('{result="success"} 1');
  expect(await reloads()).toContain("last_reload_successful 1");
  metrics.refused();
  metrics.replaced();
  expect(await reloads()).toContain("last_reload_successful 1");
});
