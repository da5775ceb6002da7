/** What the loop's own tests do not reach: an API server that accepts and then says nothing. */
import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FakeApiServer } from "../testing/api-server.ts";
import type { ApiError } from "./api.ts";
import { connect } from "./connection.ts";
import { watch } from "./watch.ts";

test("watch() waits for a list no longer than for any other call, and asks again", async () => {
  const directory = mkdtempSync(join(tmpdir(), "watch-"));
  await using api = await FakeApiServer.start();
  const kubeconfig = join(directory, "kubeconfig");
  api.writeKubeconfig(kubeconfig);
  const connection = await connect({ env: {}, kubeconfig });
  rmSync(directory, { recursive: true });
  let hanging = 2;
  api.fault = ({ query }) => {
    if (query.get("watch") === "true" || hanging === 0) return undefined;
    hanging -= 1;
    return { kind: "hang" };
  };
  const controller = new AbortController();
  const errors: ApiError[] = [];
  const changed = Promise.withResolvers<void>();
  const watching = watch(
    {
      operation: { name: "watch_secret", right: "watch secrets" },
      path: "/api/v1/namespaces/x/secrets",
      name: "s",
    },
    {
      connection,
      onChange: () => changed.resolve(),
      onError: (error) => errors.push(error),
      sleep: () => Promise.resolve(),
      signal: controller.signal,
      random: () => 0,
      listTimeoutMs: 50,
    },
  );
  await changed.promise;
  controller.abort();
  await watching;
  expect(errors.map(({ operation, code }) => [operation, code])).toEqual([
    ["watch_secret", "timeout"],
    ["watch_secret", "timeout"],
  ]);
});
