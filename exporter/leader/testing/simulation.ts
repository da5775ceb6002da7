/**
 * A world for elections: one API server, replicas with clocks of their own, and a network between them that
 * delays, loses and cuts. Time passes only from event to event, so that minutes take milliseconds.
 */
import { ApiError } from "../../../shared/cluster/api.ts";
import { createLogger } from "../../../shared/log.ts";
import { runElection } from "../election.ts";
import type { Claim, Lease } from "../lease.ts";
import type { LeaseOperation, Leases, LeaseWatch } from "../leases.ts";
import type { LeaderState } from "../state.ts";

/** Same numbers for the same seed, from 0 to 1. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Happening {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
  /** In whom it happens: nothing does while that one is stopped or dead. */
  readonly inside: Replica | undefined;
}

/** How a replica and the API server reach each other. */
export interface Link {
  /** Nothing gets through, and nobody is told so. */
  cut: boolean;
  /** Chances, from 0 to 1. */
  loseRequest: number;
  loseAnswer: number;
  refuse: number;
  /** Longest way of a message, in milliseconds. */
  delayMs: number;
  /** The watch is open, but nothing comes. */
  silent: boolean;
}

const GOOD: Link = {
  cut: false,
  loseRequest: 0,
  loseAnswer: 0,
  refuse: 0,
  delayMs: 20,
  silent: false,
};

export class World {
  nowMs = 0;
  readonly random: () => number;
  readonly replicas: Replica[] = [];
  /** Called after everything that happens. */
  check: () => void = () => {};
  lease: Lease | undefined;
  /** When the Lease was written, and as whose. */
  readonly history: { readonly atMs: number; readonly holder: string | undefined }[] = [];
  #version = 0;
  #queue: Happening[] = [];
  readonly #watchers = new Set<(lease: Lease | undefined) => void>();

  constructor(seed: number) {
    this.random = createRandom(seed);
  }

  after(ms: number, run: () => void, inside?: Replica): void {
    const happening = { atMs: this.nowMs + Math.max(ms, 0), order: this.random(), run, inside };
    this.#queue.push(happening);
  }

  /** Lets that much time pass. */
  async pass(ms: number): Promise<void> {
    const endMs = this.nowMs + ms;
    for (;;) {
      await settled();
      const next = this.#take(endMs);
      if (next === undefined) break;
      this.nowMs = next.atMs;
      this.#happen(next);
      await settled();
      this.check();
    }
    this.nowMs = endMs;
    this.check();
  }

  #take(endMs: number): Happening | undefined {
    let first = 0;
    for (let i = 1; i < this.#queue.length; i += 1) {
      if (comesBefore(this.#queue[i], this.#queue[first])) first = i;
    }
    if ((this.#queue[first]?.atMs ?? Infinity) > endMs) return undefined;
    return this.#queue.splice(first, 1)[0];
  }

  #happen({ run, inside }: Happening): void {
    if (inside?.dead) return;
    const stoppedMs = (inside?.stoppedUntilMs ?? 0) - this.nowMs;
    // What has come meanwhile is found on waking, in any order.
    if (stoppedMs > 0) this.after(stoppedMs, run, inside);
    else run();
  }

  /** Carries out a write at the API server. */
  write(from: Lease | undefined, claim: Claim): Lease | "conflict" {
    if (this.lease?.version !== from?.version) return "conflict";
    this.#version += 1;
    const version = String(this.#version);
    const metadata = { name: "l", resourceVersion: version };
    const { holder, durationSeconds, acquiredAtMs, transitions } = claim;
    this.put({ holder, durationSeconds, acquiredAtMs, transitions, version, metadata });
    return this.lease as never;
  }

  /** Puts a Lease there, or removes it, as somebody else would. */
  put(lease: Lease | undefined): void {
    this.lease = lease;
    this.history.push({ atMs: this.nowMs, holder: lease?.holder });
    for (const tell of this.#watchers) tell(lease);
  }

  watch(tell: (lease: Lease | undefined) => void): () => void {
    this.#watchers.add(tell);
    return () => this.#watchers.delete(tell);
  }

  /** Who leads by its own clock. */
  get leaders(): readonly Replica[] {
    return this.replicas.filter((one) => !one.dead && one.leads);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.check = () => {};
    for (const one of this.replicas) one.bury();
    await settled();
  }
}

function comesBefore(one: Happening | undefined, other: Happening | undefined): boolean {
  if (one === undefined || other === undefined) return false;
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}

/** Everything that follows from what has happened has been done. */
function settled(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setImmediate(resolve);
  return promise;
}

export interface ReplicaOptions {
  readonly identity: string;
  /** How fast its clock runs. Default 1. */
  readonly rate?: number;
  /** What its wall clock shows when the world begins. Default 0. */
  readonly wallMs?: number;
  /** How long its work takes to end, in milliseconds. Default 0. */
  readonly stopMs?: number;
  readonly link?: Partial<Link>;
  readonly leaseDurationMs?: number;
  readonly renewDeadlineMs?: number;
}

/** A process that takes part. */
export class Replica {
  readonly identity: string;
  readonly link: Link = { ...GOOD };
  readonly states: LeaderState[] = [];
  readonly logged: Record<string, unknown>[] = [];
  /** Resolves when its election is over. */
  readonly ended: Promise<void>;
  dead = false;
  stoppedUntilMs = -Infinity;
  /** Does the work of a leader: from when it was told to until it has stopped. */
  working = false;
  readonly #world: World;
  readonly #rate: number;
  readonly #offsetMs: number;
  readonly #controller = new AbortController();

  constructor(world: World, options: ReplicaOptions) {
    const { identity, rate = 1, wallMs = 0, stopMs = 0 } = options;
    this.identity = identity;
    Object.assign(this.link, options.link);
    this.#world = world;
    this.#rate = rate;
    this.#offsetMs = world.random() * 1e6;
    world.replicas.push(this);
    const write = (line: string) => this.logged.push(JSON.parse(line) as Record<string, unknown>);
    this.ended = runElection({
      ...options,
      leases: this.#leases(),
      onChange: (state) => this.#take(state, stopMs),
      log: createLogger({ level: "info", format: "json", write }),
      signal: this.#controller.signal,
      monotonicNow: () => this.#clockMs(),
      wallNow: () => wallMs + world.nowMs,
      sleep: (ms, signal) => this.#sleep(ms, signal),
      random: world.random,
    });
  }

  get state(): LeaderState | undefined {
    return this.states.at(-1);
  }

  get leads(): boolean {
    return this.state?.kind === "leading" && this.state.holds();
  }

  /** SIGTERM. */
  end(): void {
    this.#world.after(0, () => this.#controller.abort(), this);
  }

  /** SIGKILL. */
  kill(): void {
    this.dead = true;
  }

  /** Lets go of what waits for ever in one that is dead. */
  bury(): void {
    this.kill();
    this.#controller.abort();
  }

  /** SIGSTOP, and SIGCONT after so long. */
  stop(ms: number): void {
    this.stoppedUntilMs = Math.max(this.stoppedUntilMs, this.#world.nowMs + ms);
  }

  heal(): void {
    Object.assign(this.link, GOOD);
  }

  #clockMs(): number {
    return this.#offsetMs + this.#world.nowMs * this.#rate;
  }

  #take(state: LeaderState, stopMs: number): void | Promise<void> {
    this.states.push(state);
    if (state.kind === "leading") this.working = true;
    else if (this.working) return this.#stopWorking(stopMs);
  }

  async #stopWorking(stopMs: number): Promise<void> {
    if (stopMs > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#world.after(stopMs, resolve, this);
      await promise;
    }
    this.working = false;
  }

  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => resolve(), { once: true });
    // A timer is never early, and seldom on time.
    this.#world.after(ms / this.#rate + this.#world.random() * 2, resolve, this);
    await promise;
  }

  #leases(): Leases {
    const world = this.#world;
    return {
      read: (signal) => this.#ask("get_lease", signal, () => world.lease),
      create: (claim, signal) =>
        this.#ask("create_lease", signal, () => world.write(undefined, claim)),
      update: (lease, claim, signal) =>
        this.#ask("update_lease", signal, () => world.write(lease, claim)),
      watch: (options) => this.#watch(options),
    };
  }

  /** One request. It is carried out even if nobody waits for its answer any more. */
  #ask<T>(operation: LeaseOperation, signal: AbortSignal, carryOut: () => T): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const fail = (code: ApiError["code"]) => reject(new ApiError({ operation, code }, "failed"));
    signal.addEventListener("abort", () => fail("timeout"), { once: true });
    const world = this.#world;
    const way = () => world.random() * this.link.delayMs;
    const { link } = this;
    world.after(way(), () => {
      if (link.cut || world.random() < link.loseRequest) return;
      if (world.random() < link.refuse) return world.after(way(), () => fail(503), this);
      const result = carryOut();
      if (world.random() < link.loseAnswer) {
        // As often silence as a connection that breaks.
        if (world.random() < 0.5) world.after(way(), () => fail("unreachable"), this);
        return;
      }
      world.after(way(), () => link.cut || resolve(result), this);
    });
    return promise;
  }

  async #watch({ onSeen, signal }: LeaseWatch): Promise<void> {
    const world = this.#world;
    let lastMs = 0;
    const tell = (lease: Lease | undefined) => {
      if (this.link.cut || this.link.silent) return;
      // In order, however late.
      lastMs = Math.max(lastMs + 0.001, world.nowMs + world.random() * this.link.delayMs);
      const deliver = () => signal.aborted || onSeen(lease);
      world.after(lastMs - world.nowMs, deliver, this);
    };
    tell(world.lease);
    const unwatch = world.watch(tell);
    const { promise, resolve } = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => resolve(), { once: true });
    await promise;
    unwatch();
  }
}
