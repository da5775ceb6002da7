/** A worker for the supervisor's test: sends a report and then fails in the way it is told to. */
import { lend } from "../handover.ts";
import { encodeSmallPage } from "../snapshot.ts";
import type { WorkerReport, WorkerStart } from "../worker.ts";

addEventListener("message", ({ data }: MessageEvent<WorkerStart>) => {
  const how = data.settings.exporter.description;
  const before = data.memory === undefined ? 0 : (data.memory[0] ?? 0);
  const report: WorkerReport = {
    kind: "page",
    snapshot: lend({
      pages: encodeSmallPage({ text: "", openmetrics: "" }),
      status: new Blob(),
      builtAtMs: before,
      listed: true,
      problem: undefined,
    }),
    memory: new Uint8Array([before + 1]),
  };
  if (how !== "at once") postMessage(report);
  if (how === "throw" || how === "at once") throw new Error("no more");
  if (how === "exit") process.exit(7);
  if (how === "beat") setInterval(() => postMessage({ kind: "beat" }), 5);
  // oxlint-disable-next-line no-constant-condition
  if (how === "spin") for (;;);
});
