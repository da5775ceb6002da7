import { expect, test } from "bun:test";
import { probe } from "./probe.ts";
import { requestBytes } from "./scrape.ts";

const STALL_MS = 60;

test("probe() sees how long a server stood still, in all requests that came meanwhile", async () => {
  let stall: Promise<void> | undefined;
  using server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: async () => {
      stall ??= Bun.sleep(STALL_MS);
      await stall;
      return new Response("ok");
    },
  });
  const request = requestBytes("/");
  const port = server.port ?? 0;
  const timesMs = await probe({ port, request, everyMs: 5, seconds: 0.3 });
  expect(timesMs.length).toBeGreaterThan(20);
  expect(Math.max(...timesMs)).toBeGreaterThan(STALL_MS * 0.9);
  expect(timesMs.filter((ms) => ms > STALL_MS / 4).length).toBeGreaterThan(3);
});

test("probe() rejects when an answer is no 200", async () => {
  using server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () => new Response("no", { status: 503 }),
  });
  const request = requestBytes("/");
  const probing = probe({ port: server.port ?? 0, request, everyMs: 5, seconds: 0.1 });
  const failure = await probing.catch((error: unknown) => error);
  expect(String(failure)).toContain("Not a 200");
});
