/** An application with its sidecar, as two processes: started, and ended in the order of a cell. */
import { join } from "node:path";
import type { LogEntry, RunningProcess } from "../shared/testing/process.ts";
import { startProcess } from "../shared/testing/process.ts";
import type { Ending, Order } from "./endings.ts";

const ROOT = join(import.meta.dir, "..");

/** The executable to test: that of `just build`, or another one. */
const SIDECAR = process.env.SIDECAR_BINARY || join(ROOT, "dist/sidecar");

/** Seconds that a pod has to end. */
export const GRACE_SECONDS = 25;

/** The kubelet needs a moment to see that an application is gone before it turns to the sidecar. */
const KUBELET_MS = 1000;

export interface PodPlan {
  readonly ending: Ending;
  readonly order: Order;
  /** What the sidecar is told with --expected-scrapers. */
  readonly expectedScrapers: number;
}

export interface Pod extends PodPlan {
  readonly job: string;
  readonly port: number;
  readonly application: RunningProcess;
  readonly sidecar: RunningProcess;
}

/** What the application says that it counted. */
export interface Counted {
  readonly total: number;
  /** As much of it as was counted while its port was open. */
  readonly answerable: number;
  /** The count on the newest page that it handed out, and on those that a scraper asked for. */
  readonly newest_page: number;
  readonly scraped_pages: readonly number[];
  /** When it handed out its last pages, before it left: shows how long the capture gaps were. */
  readonly last_pages_ms_ago: readonly number[];
  /** What its flush came to, if it called for one. */
  readonly flush?: string;
}

/** The sidecar's report, as far as it is looked at here. */
export interface Report {
  readonly outcome: string;
  readonly complete: boolean;
  readonly reason: string;
  readonly final_page_age_seconds: number | null;
  readonly waited_seconds: number;
  readonly served: readonly string[];
  readonly missed: readonly string[];
  readonly moved_families: readonly { readonly name: string; readonly increase: number }[];
}

/** How a pod ended. */
export interface End {
  /** What the preStop hook came to, if it was called: `answered`, or why not. */
  readonly hook: string | undefined;
  readonly counted: Counted;
  readonly reports: readonly Report[];
  readonly exitCode: number | null;
  readonly seconds: number;
  /** The sidecar's log, for a finding. */
  readonly log: string;
}

/** Starts an application and a sidecar before it that listens on `host`. */
export async function startPod(
  stack: AsyncDisposableStack,
  plan: PodPlan,
  { job, host }: { readonly job: string; readonly host: string },
): Promise<Pod> {
  const application = stack.use(
    startProcess(["bun", join(import.meta.dir, "application.ts"), `--ending=${plan.ending}`]),
  );
  const original = await application.port("metrics");
  const sidecar = stack.use(
    startProcess([
      SIDECAR,
      "--log-format=json",
      `--host=${host}`,
      "--proxy-port=0",
      `--original-port=${original}`,
      `--termination-grace-period-seconds=${GRACE_SECONDS}`,
      `--expected-scrapers=${plan.expectedScrapers}`,
    ]),
  );
  const port = await sidecar.port("proxy");
  // In a pod the port is a constant; here every pod has its own, known only now.
  await fetch(`http://127.0.0.1:${original}/${port}`, { method: "PUT" });
  return { ...plan, job, port, application, sidecar };
}

/** Ends a pod and waits until it is gone. */
export async function endPod(pod: Pod): Promise<End> {
  const startMs = performance.now();
  const hook = await orders[pod.order](pod);
  const { code, stderr } = await pod.sidecar.ended();
  const seconds = (performance.now() - startMs) / 1000;
  const counted = await pod.application.logged(({ msg }) => msg === "Counted");
  const reports = stderr.split("\n").filter((line) => line.includes('"msg":"Final scrape"'));
  return {
    hook,
    counted: counted as LogEntry & Counted,
    reports: reports.map((line) => JSON.parse(line) as Report),
    exitCode: code,
    seconds,
    log: stderr,
  };
}

/** Tell a pod to end. Give what the preStop hook came to. */
const orders: Readonly<Record<Order, (pod: Pod) => Promise<string | undefined>>> = {
  together: ({ application, sidecar }) => {
    const [first, second] = Math.random() < 0.5 ? [application, sidecar] : [sidecar, application];
    first.kill("SIGTERM");
    second.kill("SIGTERM");
    return Promise.resolve(undefined);
  },
  "prestop-first": async (pod) => {
    pod.sidecar.kill("SIGTERM");
    const hook = await prestop(pod);
    pod.application.kill("SIGTERM");
    return hook;
  },
  native: async (pod) => {
    const hook = await prestop(pod);
    pod.application.kill("SIGTERM");
    await pod.application.ended();
    await Bun.sleep(Math.random() * KUBELET_MS);
    pod.sidecar.kill("SIGTERM");
    return hook;
  },
};

/** The kubelet calls it once, and goes on whatever comes of it. */
async function prestop({ port }: Pod): Promise<string> {
  try {
    const { status } = await fetch(`http://127.0.0.1:${port}/-/prestop`, { keepalive: false });
    return status === 200 ? "answered" : `status ${status}`;
  } catch (error) {
    return String(error);
  }
}
