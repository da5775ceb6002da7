/** What every listener of every component answers alike, as one suite that each app runs on itself. */
import { describe, expect, test } from "bun:test";
import type { Hono } from "hono";
import type { Readiness } from "../http.ts";

export interface ContractSubject {
  /** Path of the metrics page of this app, or `undefined` if it has none. */
  readonly metricsPath?: string;
  /** Builds the app with that readiness. */
  readonly createApp: (readiness: () => Readiness) => Hono | Promise<Hono>;
}

/** Declares the suite for one app. */
export function describeContract(name: string, subject: ContractSubject): void {
  describe(`${name} keeps the contract of all listeners`, () => {
    describeHealth(subject);
    if (subject.metricsPath !== undefined) describeMetrics(subject, subject.metricsPath);
    test("an unknown path is 404", async () => {
      const app = await subject.createApp(() => true);
      expect((await app.request("/no/such/path")).status).toBe(404);
    });
  });
}

function describeHealth(subject: ContractSubject): void {
  for (const path of ["/-/healthy", "/healthz"]) {
    test(`${path} is 200 also while not ready`, async () => {
      const app = await subject.createApp(() => "starting");
      expect((await app.request(path)).status).toBe(200);
    });
  }
  for (const path of ["/-/ready", "/readyz"]) {
    test(`${path} is 200 when ready, else 503 with the reason`, async () => {
      const ready = await subject.createApp(() => true);
      expect((await ready.request(path)).status).toBe(200);
      const starting = await subject.createApp(() => "no snapshot yet");
      const answer = await starting.request(path);
      expect(answer.status).toBe(503);
      expect(await answer.text()).toContain("no snapshot yet");
    });
  }
  test("a POST to a health path is 405 and names what is allowed", async () => {
    const app = await subject.createApp(() => true);
    const answer = await app.request("/-/healthy", { method: "POST" });
    expect(answer.status).toBe(405);
    expect(answer.headers.get("allow")).toBe("GET, HEAD");
  });
}

function describeMetrics(subject: ContractSubject, path: string): void {
  test(`${path} is the text format 0.0.4, by GET and HEAD only`, async () => {
    const app = await subject.createApp(() => true);
    const answer = await app.request(path);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(await answer.text()).toMatch(/^# HELP /);
    const head = await app.request(path, { method: "HEAD" });
    expect(head.status).toBe(200);
    expect(Number(head.headers.get("content-length"))).toBeGreaterThan(0);
    expect((await app.request(path, { method: "POST" })).status).toBe(405);
  });
}
