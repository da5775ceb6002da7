/** A path of the API -> a word whenever the object there may have changed, for as long as it is wanted. */
import { type ApiError, answered, type Operation, TIMEOUT_MS, toApiError } from "./api.ts";
import type { Connection } from "./connection.ts";

export interface Watched {
  readonly operation: Operation;
  /** Path of the list, such as `/api/v1/namespaces/x/secrets`. */
  readonly path: string;
  /** Name of the one object. */
  readonly name: string;
}

/** The object as it is now, or `undefined` where there is none; nobody has checked its fields. */
export interface Seen {
  readonly object: unknown;
}

export interface WatchOptions {
  readonly connection: Connection;
  /** Called after each list and each event; what changed may also be read by whoever cares. */
  readonly onChange: (seen: Seen) => void;
  readonly onError: (error: ApiError) => void;
  /** Waits; ends early when `signal` aborts. */
  readonly sleep: (ms: number) => Promise<void>;
  readonly signal: AbortSignal;
  /** A number from 0 to 1, for jitter. */
  readonly random: () => number;
  /** How long a list is waited for. Default {@link TIMEOUT_MS}. */
  readonly listTimeoutMs?: number;
  /** The longest pause after failures, in milliseconds. Default 30 s. */
  readonly longestPauseMs?: number;
}

/** The API server ends a watch after so long, so that a connection that is dead unnoticed is no trouble. */
const WATCH_SECONDS = 240;

/** A little longer than the API server takes to end it. */
const WATCH_LIMIT_MS = (WATCH_SECONDS + 15) * 1000;

/** Pauses after failures: doubled from the first to the last, half of each at random. */
const BACK_OFF_MS = { first: 500, last: 30_000 };

/** Watches until `signal` aborts. Never rejects. */
export async function watch(what: Watched, options: WatchOptions): Promise<void> {
  const { onChange, onError, sleep, signal, random, longestPauseMs = BACK_OFF_MS.last } = options;
  let failures = 0;
  while (!signal.aborted) {
    try {
      const { version, object } = await list(what, options);
      onChange({ object });
      failures = 0;
      await follow(what, version, options);
      // It has ended in its time; one that the API server ends at once must not become a busy loop.
      await sleep(BACK_OFF_MS.first * random());
    } catch (cause) {
      if (signal.aborted) return;
      const error = toApiError(what.operation, cause);
      // Too old a version is no trouble: that is how the API server asks for a new list.
      if (error.code !== 410) onError(error);
      const pause = Math.min(BACK_OFF_MS.first * 2 ** failures, longestPauseMs);
      failures += 1;
      await sleep(pause * (0.5 + random() / 2));
    }
  }
}

/** The object, and the version of the list, from which changes are told. */
async function list(what: Watched, options: WatchOptions) {
  const { listTimeoutMs: limitMs = TIMEOUT_MS } = options;
  const answer = await ask(what, options, { query: {}, limitMs });
  const { metadata, items } = (await answer.json()) as List;
  if (!Array.isArray(items)) throw new TypeError("The answer is no list");
  const object = items.find((one) => one.metadata?.name === what.name);
  return { version: metadata?.resourceVersion ?? "", object };
}

interface List {
  readonly metadata?: { readonly resourceVersion?: string };
  readonly items?: readonly { readonly metadata?: { readonly name?: string } }[];
}

/** Reads one watch to its end. */
async function follow(what: Watched, version: string, options: WatchOptions): Promise<void> {
  const query = {
    watch: "true",
    allowWatchBookmarks: "true",
    timeoutSeconds: String(WATCH_SECONDS),
    resourceVersion: version,
  };
  const answer = await ask(what, options, { query, limitMs: WATCH_LIMIT_MS });
  for await (const line of linesOf(answer)) {
    const event = JSON.parse(line) as { type: string; object?: { code?: number } };
    if (event.type === "ERROR") throw answered(what.operation, event.object?.code ?? 500);
    if (event.type === "BOOKMARK") continue;
    options.onChange({ object: event.type === "DELETED" ? undefined : event.object });
  }
}

async function ask(
  { operation, path, name }: Watched,
  { connection, signal }: WatchOptions,
  { query, limitMs }: { readonly query: Record<string, string>; readonly limitMs: number },
): Promise<Response> {
  const parameters = new URLSearchParams({ fieldSelector: `metadata.name=${name}`, ...query });
  const answer = await connection.send({
    method: "GET",
    url: `${connection.server}${path}?${parameters.toString()}`,
    headers: { accept: "application/json" },
    signal: AbortSignal.any([signal, AbortSignal.timeout(limitMs)]),
  });
  if (!answer.ok) throw answered(operation, answer.status);
  return answer;
}

/** Largest event that is read: a Secret holds at most 1 MiB. */
const MAX_LINE = 4 * 1024 * 1024;

async function* linesOf(answer: Response): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of answer.body ?? []) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > MAX_LINE) throw new RangeError("An event of the watch is too large");
    yield* lines.filter((line) => line !== "");
  }
}
