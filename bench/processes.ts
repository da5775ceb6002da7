/** The programs that the bench starts: each is ended by its pid, at the latest when the bench ends. */
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { type RunningProcess, startProcess } from "../shared/testing/process.ts";
import { pathOf } from "./tools.ts";

/** Linux counts processor time for programs in hundredths of a second, on every architecture Bun has. */
const MICROS_PER_TICK = 10_000;

/** Everything started and not yet ended. */
export class Processes implements AsyncDisposable {
  readonly #running = new Set<RunningProcess>();
  #closed = false;

  /**
   * Starts a program with no environment but PATH, HOME and what is given. Throws once the bench is
   * ending: nothing may be left behind.
   */
  start(command: readonly string[], env: Readonly<Record<string, string>> = {}): RunningProcess {
    if (this.#closed) throw new Error("The bench is ending");
    const [program = "", ...rest] = command;
    const child = startProcess([pathOf(program), ...rest], {
      env: { HOME: process.env.HOME ?? "/tmp", ...env },
    });
    this.#running.add(child);
    return child;
  }

  /** Ends a program that was started here. */
  async stop(child: RunningProcess): Promise<void> {
    this.#running.delete(child);
    await child[Symbol.asyncDispose]();
  }

  /** Runs a program to its end and gives its output. Throws if it fails. */
  async run(command: readonly string[]): Promise<string> {
    const child = this.start(command);
    const { code, stdout, stderr } = await child.ended();
    this.#running.delete(child);
    if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}: ${stderr}${stdout}`);
    return stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#running].map((child) => child[Symbol.asyncDispose]()));
  }
}

/** Processor time that a process has used, of all its threads, in microseconds; steps of 10 ms. */
export function cpuMicros(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  // The second field is the program's name and may hold anything, so count from its closing bracket.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * MICROS_PER_TICK;
}

/** Private memory of a process (RssAnon) in MiB: what it alone needs, without the executable's pages. */
export function privateMiB(pid: number): number {
  const [, kib] = /^RssAnon:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "latin1")) ?? [];
  return Number(kib) / 1024;
}

/** Memory of a process in MiB. */
export interface Memory {
  /** What it alone needs: RssAnon, and files in memory (memfd), which may be in no RSS at all. */
  readonly ownMiB: number;
  /** RSS: with the executable's pages, which processes of one executable share. */
  readonly residentMiB: number;
}

/** Reads the memory of a process. */
export function memoryOf(pid: number): Memory {
  const [, kib] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "latin1")) ?? [];
  return { ownMiB: privateMiB(pid) + memfdMiB(pid), residentMiB: Number(kib) / 1024 };
}

function memfdMiB(pid: number): number {
  let blocks = 0;
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    const path = `/proc/${pid}/fd/${fd}`;
    try {
      if (readlinkSync(path).startsWith("/memfd:")) blocks += statSync(path).blocks;
    } catch (error) {
      // Closed in the meantime.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  return (blocks * 512) / 1024 ** 2;
}

/**
 * Processor time that the main thread of a process has used, in milliseconds; exact at each time it
 * has gone to sleep.
 */
export function mainThreadMs(pid: number): number {
  const [ran = ""] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, "latin1").split(" ");
  return Number(ran) / 1e6;
}

/** A port that nothing listens on at this moment. */
export function freePort(): number {
  const socket = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = socket;
  socket.stop(true);
  return port;
}
