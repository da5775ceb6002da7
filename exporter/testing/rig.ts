/** The compiled exporter beside a simulated cloud; all that it prints and answers is searched for secrets. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../../shared/testing/eventually.ts";
import {
  type Outcome,
  type RunningProcess,
  type StartOptions,
  startProcess,
} from "../../shared/testing/process.ts";
import type { Simulator } from "../ktcloud/simulator/start.ts";
import { ACCOUNT, PASSWORD, startCloud } from "./cloud.ts";
import { createSecrets } from "./secrets.ts";

/** What `just build exporter` makes. */
export const EXPORTER = join(import.meta.dir, "../../dist/exporter");

/** Variables by which one zone of the simulated cloud is reached. */
export const ACCESS = { CLOUD_ID: ACCOUNT, CLOUD_PASSWORD: PASSWORD, CLOUD_ZONE: "DX-M1" } as const;

/** An answer that was read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** An exporter that listens. */
export interface Exporter extends RunningProcess {
  /** `http://127.0.0.1:PORT`, or with https. */
  readonly url: string;
  /** Asks for a path. Throws where the answer shows a secret. */
  ask(path: string, init?: BunFetchRequestInit): Promise<Answer>;
  /** The first page that fits. */
  page(what: string, fits: (page: string) => boolean): Promise<string>;
  /** Tells it to end, and waits. */
  end(signal?: NodeJS.Signals): Promise<Outcome>;
}

export interface Rig extends AsyncDisposable {
  readonly cloud: Simulator;
  /** Where exporters are started, unless they are told another one; empty at first. */
  readonly directory: string;
  /** Writes a file of the directory whole at once, and gives its path. */
  write(name: string, text: string): string;
  /** From now on no exporter may show this. */
  hide(secret: string): void;
  /** Throws where the text shows what is hidden. */
  search(text: string): void;
  /** Starts one that collects each second, on a free port. */
  start(flags?: readonly string[], options?: StartOptions): Promise<Exporter>;
  /** Runs the executable to its end. */
  run(args: readonly string[], options?: StartOptions): Promise<Outcome>;
}

const FLAGS = [
  "--log-format=json",
  "--log-level=debug",
  // The one that has all that the original showed.
  "--api.dialect=command",
  "--collect.start-jitter=0s",
  "--collect.interval=1s",
];

/** Whether a certificate is the right one is for the tests of TLS. */
const UNVERIFIED = { proxy: false, tls: { rejectUnauthorized: false } } as const;

/** Starts a cloud. Rejects at its end, too, if any exporter has printed a secret. */
export function createRig(fleet?: Parameters<typeof startCloud>[0]): Rig {
  const cloud = startCloud(fleet);
  const directory = mkdtempSync(join(tmpdir(), "exporter-"));
  const secrets = createSecrets(ACCOUNT, PASSWORD);
  const started: RunningProcess[] = [];
  const spawn = (args: readonly string[], options: StartOptions = {}) => {
    const child = startProcess([EXPORTER, ...args], { cwd: directory, ...options });
    started.push(child);
    return child;
  };
  return {
    cloud,
    directory,
    hide: secrets.hide,
    search: secrets.search,
    write: (name, text) => {
      const path = join(directory, name);
      writeFileSync(`${path}.new`, text);
      renameSync(`${path}.new`, path);
      return path;
    },
    start: async (flags = [], options = {}) => {
      const fixed = [`--api.url=${cloud.url}`, "--web.listen-address=127.0.0.1:0"];
      const child = spawn([...FLAGS, ...fixed, ...flags], options);
      const web = await child.logged((e) => e.msg === "Listening" && e.listener === "web");
      return asked(child, `${String(web.scheme)}://127.0.0.1:${Number(web.port)}`, secrets.search);
    },
    run: async (args, options) => await spawn(args, options).ended(),
    [Symbol.asyncDispose]: async () => {
      for (const child of started) child.kill("SIGKILL");
      const outcomes = await Promise.all(started.map((child) => child.ended()));
      await cloud.close();
      rmSync(directory, { recursive: true });
      for (const { stdout, stderr } of outcomes) secrets.search(stdout + stderr);
    },
  };
}

function asked(child: RunningProcess, url: string, search: (text: string) => void): Exporter {
  const ask: Exporter["ask"] = async (path, init) => {
    const answer = await fetch(`${url}${path}`, { ...UNVERIFIED, ...init });
    const text = await answer.text();
    search(text);
    return { status: answer.status, headers: answer.headers, text };
  };
  return {
    ...child,
    url,
    ask,
    page: (what, fits) =>
      eventually(what, async () => {
        const { text } = await ask("/metrics");
        return fits(text) ? text : undefined;
      }),
    end: async (signal) => {
      child.kill(signal);
      return await child.ended();
    },
  };
}
