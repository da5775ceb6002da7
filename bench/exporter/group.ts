/** A control group with the limits that a container would have, and what the kernel has counted in it. */
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What a container is limited to. */
export interface Limits {
  readonly memoryMiB: number;
  /** Thousandths of a processor; without it, as many as there are. */
  readonly milliCpu?: number;
}

/** What has happened in a group. */
export interface Counted {
  readonly oomKills: number;
  /** Pages of files that had been given back and were needed again. */
  readonly refaults: number;
  readonly throttledMs: number;
}

/** In version 1 of control groups each controller has a tree of its own. */
const MEMORY = "/sys/fs/cgroup/memory";
const CPU = "/sys/fs/cgroup/cpu";
export const CONTROLLERS: readonly string[] = [MEMORY, CPU];

/** The kubelet's. */
const PERIOD_US = 100_000;

/** Needs root, and a name that is free. */
export class Group implements Disposable {
  readonly #memory: string;
  readonly #cpu: string;

  constructor(name: string, { memoryMiB, milliCpu }: Limits) {
    this.#memory = join(MEMORY, name);
    this.#cpu = join(CPU, name);
    mkdirSync(this.#memory);
    mkdirSync(this.#cpu);
    writeFileSync(join(this.#memory, "memory.limit_in_bytes"), String(memoryMiB * 1024 ** 2));
    if (milliCpu === undefined) return;
    writeFileSync(join(this.#cpu, "cpu.cfs_period_us"), String(PERIOD_US));
    writeFileSync(join(this.#cpu, "cpu.cfs_quota_us"), String((milliCpu / 1000) * PERIOD_US));
  }

  /** A command that is in the group before it begins. */
  command(command: readonly string[]): readonly string[] {
    const files = [this.#memory, this.#cpu].map((directory) => join(directory, "cgroup.procs"));
    const enter = files.map((file) => `echo $$ >${file}`).join(" && ");
    return ["sh", "-c", `${enter} && exec "$@"`, "sh", ...command];
  }

  counted(): Counted {
    const oom = readFileSync(join(this.#memory, "memory.oom_control"), "latin1");
    const memory = readFileSync(join(this.#memory, "memory.stat"), "latin1");
    const cpu = readFileSync(join(this.#cpu, "cpu.stat"), "latin1");
    return {
      oomKills: field(oom, "oom_kill"),
      refaults: field(memory, "workingset_refault_file"),
      throttledMs: field(cpu, "throttled_time") / 1e6,
    };
  }

  /** Nothing may run in it any more. */
  [Symbol.dispose](): void {
    rmdirSync(this.#memory);
    rmdirSync(this.#cpu);
  }
}

function field(text: string, name: string): number {
  const [, value] = new RegExp(`^${name} (\\d+)$`, "m").exec(text) ?? [];
  return Number(value);
}
