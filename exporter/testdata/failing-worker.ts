/** A worker for the supervisor's test: sends a report and then fails in the way it is told to. */
import type { WorkerReport, WorkerStart } from "../worker.ts";

addEventListener("message", ({ data }: MessageEvent<WorkerStart>) => {
  const how = data.settings.account;
  const before = data.memory === undefined ? 0 : (data.memory[0] ?? 0);
  const report: WorkerReport = {
    snapshot: {
      plain: new Uint8Array([before]),
      gzip: new Uint8Array(),
      lastSuccessAtMs: undefined,
      problem: undefined,
    },
    memory: new Uint8Array([before + 1]),
  };
  if (how !== "at once") postMessage(report);
  if (how === "throw" || how === "at once") throw new Error("no more");
  if (how === "exit") process.exit(7);
});
