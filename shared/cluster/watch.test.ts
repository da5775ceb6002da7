/** What a watch hands over, and what it does while the API server fails or says nothing. */
import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FakeApiServer } from "../testing/api-server.ts";
import { eventually } from "../testing/eventually.ts";
import type { ApiError } from "./api.ts";
import { type Connection, connect } from "./connection.ts";
import { watch } from "./watch.ts";

async function connectTo(api: FakeApiServer): Promise<Connection> {
  const directory = mkdtempSync(join(tmpdir(), "watch-"));
  const kubeconfig = join(directory, "kubeconfig");
  api.writeKubeconfig(kubeconfig);
  const connection = await connect({ env: {}, kubeconfig });
  rmSync(directory, { recursive: true });
  return connection;
}

const SECRET = {
  operation: { name: "watch_secret", right: "watch secrets" },
  path: "/api/v1/namespaces/x/secrets",
  name: "s",
};

test("watch() hands over the object as it is: listed, changed, gone; and no other", async () => {
  await using api = await FakeApiServer.start();
  const secret = (name: string, data: object) => ({ metadata: { name, namespace: "x" }, data });
  api.put("secrets", secret("another", {}));
  api.put("secrets", secret("s", { n: 1 }));
  const controller = new AbortController();
  const seen: unknown[] = [];
  const watching = watch(SECRET, {
    connection: await connectTo(api),
    onChange: ({ object }) => seen.push(object),
    onError: () => {},
    sleep: () => Promise.resolve(),
    signal: controller.signal,
    random: () => 0,
  });
  await eventually("the watch", () => api.watches === 1);
  api.put("secrets", secret("another", {}));
  api.put("secrets", secret("s", { n: 2 }));
  api.remove("secrets", "s");
  await eventually("the end", () => seen.length === 3);
  controller.abort();
  await watching;
  expect(seen).toMatchObject([{ data: { n: 1 } }, { data: { n: 2 } }, undefined as never]);
});

test.each([
  [undefined, [250, 500, 1000, 2000, 4000]],
  [700, [250, 350, 350, 350, 350]],
])("watch() pauses longer after each failure, up to %p ms", async (longestPauseMs, expected) => {
  await using api = await FakeApiServer.start();
  api.fault = () => ({ kind: "cut" });
  const controller = new AbortController();
  const pauses: number[] = [];
  await watch(SECRET, {
    connection: await connectTo(api),
    onChange: () => {},
    onError: () => {},
    sleep: async (ms) => {
      if (pauses.push(ms) === 5) controller.abort();
    },
    signal: controller.signal,
    random: () => 0,
    ...(longestPauseMs !== undefined && { longestPauseMs }),
  });
  expect(pauses).toEqual(expected);
});

test("watch() waits for a list no longer than for any other call, and asks again", async () => {
  await using api = await FakeApiServer.start();
  const connection = await connectTo(api);
  let hanging = 2;
  api.fault = ({ query }) => {
    if (query.get("watch") === "true" || hanging === 0) return undefined;
    hanging -= 1;
    return { kind: "hang" };
  };
  const controller = new AbortController();
  const errors: ApiError[] = [];
  const changed = Promise.withResolvers<void>();
  const watching = watch(SECRET, {
    connection,
    onChange: () => changed.resolve(),
    onError: (error) => errors.push(error),
    sleep: () => Promise.resolve(),
    signal: controller.signal,
    random: () => 0,
    listTimeoutMs: 50,
  });
  await changed.promise;
  controller.abort();
  await watching;
  expect(errors.map(({ operation, code }) => [operation, code])).toEqual([
    ["watch_secret", "timeout"],
    ["watch_secret", "timeout"],
  ]);
});
