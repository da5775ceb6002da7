/** One call of the cloud -> the true answer: login, token check, rate limit, lists (contract 7). */
import { type Answer, UNAUTHORIZED } from "./answers.ts";
import type { Asked } from "./asked.ts";
import { answerCommand, commandEnvelope } from "./command.ts";
import type { Counts } from "./counts.ts";
import { createFaultChooser, type FaultChooser } from "./fault-choice.ts";
import { balancerNumber } from "./ids.ts";
import { accountsOf, answerLogin, type Credentials, readLogin } from "./login.ts";
import { createRateLimiter, type RateLimiter, rateLimitAnswer } from "./rate-limit.ts";
import { answerBalancers, answerServers } from "./rest.ts";
import type { Settings } from "./settings.ts";
import { createTokenBook, type TokenBook } from "./tokens.ts";
import { loadTime, type Scene } from "./view.ts";

/** What the cloud knows when it answers. */
export interface Cloud {
  readonly credentials: Credentials;
  readonly seed: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly tokens: TokenBook;
  readonly faults: FaultChooser;
  readonly limiter: RateLimiter;
  /** Lists of thousands, by what was asked, until the numbers or the knobs change. */
  readonly lists: ListCache;
  settings: Settings;
}

/** Gives the list that was made for the same key under the same settings and step, or makes it. */
export type ListCache = (
  under: { readonly settings: Settings; readonly stepMs: number },
  key: string,
  make: () => Answer,
) => Answer;

/** A cloud that nobody has called yet. */
export function createCloud(
  of: Pick<Cloud, "credentials" | "seed" | "now" | "settings"> & { readonly random: () => number },
): Cloud {
  const { random, ...facts } = of;
  return {
    ...facts,
    tokens: createTokenBook(of.now),
    faults: createFaultChooser(random),
    limiter: createRateLimiter(of.now),
    lists: createListCache(),
  };
}

/** Who asks, as far as it can be told: the account of a login, or the owner of a token. */
export function accountOf(
  cloud: Cloud,
  { route, zone }: Asked,
  sent: { readonly token: string | undefined; readonly body: string },
): string | undefined {
  if (route === "token") return readLogin(sent.body)?.account;
  const owner = cloud.tokens.ownerOf(sent.token, zone);
  return owner === undefined ? undefined : accounts(cloud)[owner]?.account;
}

/** The true answer. Counts what is refused. */
export function answer(
  cloud: Cloud,
  asked: Asked,
  sent: { readonly token: string | undefined; readonly body: string; readonly counts: Counts },
): Answer {
  const knobs = cloud.settings.zone(asked.zone);
  const { token, body, counts } = sent;
  if (asked.route === "token") {
    const { tokens } = cloud;
    const issuer = { tokens, zone: asked.zone, knobs };
    const given = answerLogin(readLogin(body), accounts(cloud), issuer);
    if (given.status === 401) counts.unauthorised += 1;
    return given;
  }
  const account = cloud.tokens.ownerOf(token, asked.zone);
  if (account === undefined || token === undefined) {
    counts.unauthorised += 1;
    return UNAUTHORIZED;
  }
  const limit = knobs.rateLimit;
  if (limit !== null && !cloud.limiter(token, limit.perSecond)) {
    counts.rateLimited += 1;
    return rateLimitAnswer(limit, cloudTime(cloud, asked));
  }
  return answerList(cloud, asked, account);
}

/** What the answer to a call is wrapped in. */
export function envelopeOf({ settings }: Cloud, { route, call, zone }: Asked): string {
  if (route === "token") return "token";
  if (route === "balancers" || route === "servers") return "data";
  return call === undefined || call === "token"
    ? "response"
    : commandEnvelope(call, settings.zone(zone));
}

/** The time by the cloud's own clock, in milliseconds since the epoch. */
export function cloudTime({ now, settings }: Cloud, { zone }: Pick<Asked, "zone">): number {
  return now() + settings.zone(zone).clockSkewSeconds * 1000;
}

function accounts({ credentials, settings }: Cloud) {
  return accountsOf(credentials, settings.knobs);
}

function answerList(cloud: Cloud, asked: Asked, account: number): Answer {
  const { settings, seed, now } = cloud;
  const scene: Scene = { settings, seed, zone: asked.zone, account, atMs: now() };
  const { route, call, query, lbId = "" } = asked;
  if (route === "servers") return answerServers(scene, lbId, balancerNumber(lbId));
  if (call !== "listLoadBalancers") return answerCommand(scene, query);
  const under = { settings, stepMs: loadTime(scene) };
  return cloud.lists(under, `${account} ${asked.target}`, () =>
    route === "balancers" ? answerBalancers(scene, query) : answerCommand(scene, query),
  );
}

/** Beyond so many characters all lists are forgotten. */
const CACHED = 64 * 1024 * 1024;

function createListCache(): ListCache {
  const made = new Map<string, { readonly stepMs: number; readonly answer: Answer }>();
  let of: Settings | undefined;
  let size = 0;
  return ({ settings, stepMs }, key, make) => {
    if (of !== settings || size > CACHED) {
      made.clear();
      size = 0;
    }
    of = settings;
    const known = made.get(key);
    if (known?.stepMs === stepMs) return known.answer;
    const fresh = make();
    made.set(key, { stepMs, answer: fresh });
    size += fresh.text.length - (known?.answer.text.length ?? 0);
    return fresh;
  };
}
