/** A Lease that replicas share -> at most one of them leads, and another takes over when it ends or vanishes. */
import { Alarm } from "../../shared/cluster/alarm.ts";
import type { ApiError } from "../../shared/cluster/api.ts";
import { createTeller } from "../../shared/cluster/failures.ts";
import { aborted } from "../../shared/lifecycle.ts";
import { describeError } from "../../shared/log.ts";
import { claimOf, decide, leaderOf, nextDueMs, type Observed, observe } from "./decide.ts";
import type { Lease } from "./lease.ts";
import type { LeaseOperation } from "./leases.ts";
import { callWithin } from "./limit.ts";
import { type ElectionOptions, type Settings, withDefaults } from "./options.ts";
import { releaseLease } from "./release.ts";
import type { LeaderState } from "./state.ts";

/**
 * Takes part in the election until the signal aborts; resolves when the Lease is released, if it was held.
 * Rejects only with an error of `onChange`, and then leaves the Lease to expire.
 */
export async function runElection(options: ElectionOptions): Promise<void> {
  await new Election(options).run();
}

class Election {
  readonly #options: Settings;
  readonly #ended = new AbortController();
  /** Aborts when the election ends, for whatever reason. */
  readonly #signal: AbortSignal;
  readonly #alarm: Alarm;
  readonly #tell: (error: ApiError) => void;
  #state: LeaderState = { kind: "starting", problem: undefined };
  #observed: Observed | undefined;
  #trusted = false;
  #dueMs = -Infinity;
  /** Until when this process leads: the one truth about it. */
  #leadingUntilMs: number | undefined;
  /** Whether a write was sent whose outcome is not known. */
  #unsure = false;
  /** Resolves when the caller has stopped leading. */
  #stopped: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(options: ElectionOptions) {
    this.#options = withDefaults(options);
    this.#signal = AbortSignal.any([options.signal, this.#ended.signal]);
    this.#alarm = new Alarm(this.#signal);
    this.#tell = createTeller({ log: options.log, nowMs: this.#options.monotonicNow });
  }

  async run(): Promise<void> {
    const watching = this.#watch();
    try {
      while (!this.#signal.aborted) {
        // From here on whatever the watch brings ends the pause, also what comes before it begins.
        const rung = this.#alarm.set();
        await this.#step(rung);
      }
      await this.#end();
    } finally {
      this.#ended.abort();
      await watching;
    }
  }

  #watch(): Promise<void> {
    const { leases, sleep, random, retryPeriodMs: longestPauseMs } = this.#options;
    return leases.watch({
      onSeen: (lease) => this.#see(lease),
      onError: (error) => this.#fail(error),
      sleep,
      random,
      longestPauseMs,
      signal: this.#signal,
    });
  }

  async #step(rung: AbortSignal): Promise<void> {
    const { monotonicNow, sleep } = this.#options;
    const nowMs = monotonicNow();
    const verdict = decide({
      ...this.#options,
      nowMs,
      observed: this.#observed,
      trusted: this.#trusted,
      leadingUntilMs: this.#leadingUntilMs,
      dueMs: this.#dueMs,
    });
    switch (verdict.kind) {
      case "wait":
        return await sleep(Math.max(verdict.untilMs - nowMs, 1), rung);
      case "read":
        return await this.#read();
      case "acquire":
      case "renew":
        return await this.#write();
      case "lost":
        return await this.#lose(verdict.reason);
    }
  }

  /** What the watch brings. It may lag behind what this process has written or read itself. */
  #see(lease: Lease | undefined): void {
    if (this.#leadingUntilMs === undefined) {
      this.#observe(lease);
      this.#dueMs = this.#nextMs(this.#options.monotonicNow());
    } else {
      const isOwn = lease?.holder === this.#options.identity;
      if (isOwn || lease?.version === this.#observed?.lease?.version) return;
      // Not taken for true: a look tells whether it is news or old.
      this.#trusted = false;
      this.#dueMs = -Infinity;
    }
    this.#alarm.ring();
  }

  #observe(lease: Lease | undefined): void {
    const nowMs = this.#options.monotonicNow();
    this.#observed = observe(this.#observed, lease, { ...this.#options, nowMs });
    this.#trusted = true;
    if (this.#leadingUntilMs === undefined) void this.#standBy();
  }

  async #read(): Promise<void> {
    const { leases, monotonicNow } = this.#options;
    this.#dueMs = this.#nextMs(monotonicNow());
    const answer = await this.#call("get_lease", (signal) => leases.read(signal));
    if (answer === undefined) return;
    this.#unsure = false;
    this.#observe(answer.value);
    // Its own, at last: what a leader wants is to renew it.
    if (this.#leadingUntilMs !== undefined) this.#dueMs = -Infinity;
  }

  async #write(): Promise<void> {
    const { leases, monotonicNow, wallNow, random, retryPeriodMs } = this.#options;
    const lease = this.#observed?.lease;
    const claim = claimOf(lease, { ...this.#options, wallMs: wallNow() });
    // The start counts, not the answer: what others have seen is later than that.
    const startMs = monotonicNow();
    this.#unsure = true;
    const answer = await this.#call(lease ? "update_lease" : "create_lease", (signal) =>
      lease ? leases.update(lease, claim, signal) : leases.create(claim, signal),
    );
    this.#dueMs = this.#nextMs(startMs);
    if (answer === undefined) {
      this.#trusted = false;
    } else if (answer.value === "conflict") {
      this.#unsure = false;
      this.#trusted = false;
      // Another one was quicker. A look at once, but replicas must not chase each other.
      this.#dueMs = monotonicNow() + (random() * retryPeriodMs) / 20;
    } else {
      this.#unsure = false;
      this.#lead(answer.value, startMs + this.#options.renewDeadlineMs);
    }
  }

  #lead(lease: Lease, untilMs: number): void {
    const { monotonicNow } = this.#options;
    const leads = this.#leadingUntilMs !== undefined;
    const late = monotonicNow() >= (this.#leadingUntilMs ?? untilMs);
    // An answer that comes too late does not prolong what is over already.
    if (!late) this.#leadingUntilMs = untilMs;
    this.#observe(lease);
    if (late) return;
    this.#options.metrics?.renewed();
    if (leads) return;
    this.#options.log.info("Leading", { identity: this.#options.identity });
    const holds = () => monotonicNow() < (this.#leadingUntilMs ?? -Infinity);
    void this.#change({ kind: "leading", holds });
  }

  async #lose(reason: "deadline" | "taken"): Promise<void> {
    this.#leadingUntilMs = undefined;
    this.#stopped = this.#standBy();
    this.#options.log.warn("Leading no longer", { reason });
    // Whatever was observed as a leader may be old by now.
    this.#trusted = false;
    this.#dueMs = -Infinity;
    await Promise.race([this.#stopped, aborted(this.#signal)]);
  }

  async #standBy(): Promise<void> {
    const leader = leaderOf(this.#observed, this.#options.identity);
    const state = this.#state;
    if (state.kind === "standby" && state.leader === leader) return;
    if (state.kind !== "leading") this.#options.log.info("Standing by", { leader });
    await this.#change({ kind: "standby", leader });
  }

  /** Tells it at once; resolves when the caller has done what follows from it. Never rejects. */
  async #change(state: LeaderState): Promise<void> {
    this.#state = state;
    this.#options.metrics?.changed(state);
    try {
      await this.#options.onChange(state);
    } catch (error) {
      this.#failure ??= { error };
      this.#ended.abort();
    }
  }

  #fail(error: ApiError): void {
    this.#options.metrics?.failed(error);
    this.#tell(error);
    if (this.#state.kind !== "starting") return;
    const problem = describeError(error);
    if (this.#state.problem !== problem) void this.#change({ kind: "starting", problem });
  }

  #nextMs(startMs: number): number {
    return nextDueMs(startMs, this.#leadingUntilMs !== undefined, this.#options);
  }

  /** Asks the API server, no longer than this process leads. Gives nothing where that fails. */
  async #call<T>(
    operation: LeaseOperation,
    run: (signal: AbortSignal) => Promise<T>,
  ): Promise<{ readonly value: T } | undefined> {
    const { renewDeadlineMs, monotonicNow, sleep } = this.#options;
    const left = (this.#leadingUntilMs ?? Infinity) - monotonicNow();
    const ms = Math.min(renewDeadlineMs / 2, left);
    const limit = { ms, end: this.#signal, sleep, onError: (error: ApiError) => this.#fail(error) };
    return await callWithin(limit, { operation, run });
  }

  /** Stops leading, waits until the caller has stopped, and then leaves the Lease to the next. */
  async #end(): Promise<void> {
    const held = this.#observed?.lease?.holder === this.#options.identity;
    const mayHold = this.#leadingUntilMs !== undefined || held || this.#unsure;
    this.#leadingUntilMs = undefined;
    await Promise.all([this.#stopped, this.#change({ kind: "stopped" })]);
    if (this.#failure) throw this.#failure.error;
    if (!mayHold) return;
    const last = this.#trusted ? this.#observed?.lease : undefined;
    await releaseLease(this.#options, last, (error) => this.#fail(error));
  }
}
