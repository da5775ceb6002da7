/** The work of a leader: asks the cloud every few milliseconds, if it may. */
import { createGate } from "../gate.ts";

interface Start {
  readonly cloud: string;
  readonly who: string;
  readonly gate: MessagePort;
}

declare const self: Worker;

async function work({ cloud, who, gate }: Start): Promise<void> {
  const may = createGate(gate);
  for (;;) {
    if (await may()) {
      await fetch(cloud, { method: "POST", body: who, proxy: false } as BunFetchRequestInit);
    }
    await Bun.sleep(10);
  }
}

self.addEventListener("message", ({ data }: MessageEvent<Start>) => void work(data), {
  once: true,
});
