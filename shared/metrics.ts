/** A component's own registry: build information and what the operating system knows of the process. */
import { readdirSync, readFileSync } from "node:fs";
import { Counter, Gauge, Registry } from "prom-client";
import type { Build } from "./version.ts";

/**
 * A registry with `<component>_build_info` and the standard `process_*` metrics. prom-client's own
 * default metrics are left out: under Bun its `nodejs_*` families hold NaN and nonsense (1.4.5).
 */
export function createRegistry(component: string, build: Build): Registry {
  const registry = new Registry();
  const registers = [registry];
  new Gauge({
    name: `${component}_build_info`,
    help: "A metric with a constant 1, labelled by the version, revision and runtime of the build.",
    labelNames: ["version", "revision", "bunversion"],
    registers,
  }).set({ version: build.version, revision: build.revision, bunversion: build.bun }, 1);
  addProcessMetrics(registers);
  return registry;
}

function addProcessMetrics(registers: Registry[]): void {
  new Counter({
    name: "process_cpu_seconds_total",
    help: "Total user and system CPU time spent in seconds.",
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  new Gauge({
    name: "process_start_time_seconds",
    help: "Start time of the process since the Unix epoch in seconds.",
    registers,
  }).set(Math.round(Date.now() - process.uptime() * 1000) / 1000);
  new Gauge({
    name: "process_resident_memory_bytes",
    help: "Resident memory size in bytes.",
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({
    name: "process_open_fds",
    help: "Number of open file descriptors.",
    registers,
    collect() {
      const open = openDescriptors();
      if (open === undefined) this.remove();
      else this.set(open);
    },
  });
  const limit = descriptorLimit();
  if (limit !== undefined) {
    new Gauge({
      name: "process_max_fds",
      help: "Maximum number of open file descriptors.",
      registers,
    }).set(limit);
  }
}

function openDescriptors(): number | undefined {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return undefined; // No /proc: not Linux. The metric is then absent rather than zero.
  }
}

function descriptorLimit(): number | undefined {
  try {
    const match = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"));
    return match ? Number(match[1]) : undefined;
  } catch {
    return undefined;
  }
}
