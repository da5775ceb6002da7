/** A web configuration -> a listener that obeys it, and that follows it while its files change. */
import { ConfigError } from "../../shared/config.ts";
import { type Listener, listen } from "../../shared/http.ts";
import { listenTls, type TlsListener } from "../../shared/tls/listener.ts";
import { createAuthenticator } from "./basic-auth.ts";
import { judgeClient, readShown } from "./client-certificate.ts";
import { followFiles } from "./follow.ts";
import { type Guard, guardFetch, NO_REFUSALS, type Refusal } from "./guard.ts";
import type { ListenWebOptions, WebListener } from "./listen.ts";
import { loadWeb, type WebSettings } from "./load.ts";
import { createRateLimiter } from "./rate-limit.ts";

const FLAG = "--web.config.file";

/** No route reads a body. As without a web configuration. */
const MAX_BODY_BYTES = 65_536;

/** As `listenWeb`, with a file. */
export async function listenConfigured(
  options: ListenWebOptions & { readonly configFile: string },
): Promise<WebListener> {
  const { configFile, log } = options;
  const load = () => loadWeb(configFile, FLAG);
  const first = await load();
  if (first.kind === "unusable") throw new ConfigError(first.problems);
  for (const warning of first.warnings) log.warn("Web configuration", { warning });

  let settings = first.settings;
  let guard = createGuard(settings, undefined);
  const front = await openFront(options, { settings: () => settings, guard: () => guard });
  const follow = followFiles({
    ...options,
    first,
    load,
    apply: (next) => {
      const problems = restartsNeeded(settings, next);
      if (problems.length > 0) return problems.map((problem) => `${configFile}: ${problem}`);
      // Set anew only where it changed: a client's session cannot be resumed across it.
      if (next.tls && isOther(next.tls.settings, settings.tls?.settings)) {
        front.tls?.replace(next.tls.settings);
      }
      guard = createGuard(next, { settings, guard });
      settings = next;
      return [];
    },
  });
  const scheme = front.tls === undefined ? "http" : "https";
  const { auth = "NoClientCert" } = settings.tls?.clients ?? {};
  log.info("Web configuration in force", {
    file: configFile,
    scheme,
    users: settings.users.size,
    client_auth: auth,
  });
  return {
    port: front.listener.port,
    scheme,
    reload: follow.look,
    state: () => ({
      ...follow.state(),
      ...(settings.tls && { certificateNotAfter: settings.tls.notAfter }),
      refused: { ...front.refused },
    }),
    close: async (deadlineMs) => {
      follow.close();
      await front.listener.close(deadlineMs);
    },
  };
}

interface InForce {
  readonly settings: () => WebSettings;
  readonly guard: () => Guard;
}

interface Front {
  readonly listener: Listener;
  /** The same, if it is one with TLS. */
  readonly tls?: TlsListener;
  readonly refused: Readonly<Record<Refusal, number>>;
}

async function openFront(options: ListenWebOptions, { settings, guard }: InForce): Promise<Front> {
  const { flag, bind, log, limits } = options;
  const refused = { ...NO_REFUSALS };
  const fetch = guardFetch(options.fetch, {
    guard,
    authenticator: createAuthenticator(),
    onRefused: (refusal) => {
      log.debug("Refused a request", { reason: refusal });
      refused[refusal] += 1;
    },
  });
  const { tls } = settings();
  if (tls === undefined) {
    const onError = (error: unknown) => log.error("Failed to answer a request", { error });
    return {
      refused,
      listener: listen({ flag, bind, onError, fetch: (request) => fetch(request) }),
    };
  }
  const listener = await listenTls({
    flag,
    bind,
    log,
    fetch,
    maxBodyBytes: MAX_BODY_BYTES,
    ...(limits && { limits }),
    ...(tls.clients.auth !== "NoClientCert" && {
      admit: (socket) => {
        const { clients = tls.clients } = settings().tls ?? {};
        return judgeClient(clients, readShown(socket), Date.now());
      },
    }),
  });
  listener.replace(tls.settings);
  return { refused, listener, tls: listener };
}

/** A rate limit that is the same as before goes on where it was. */
function createGuard(
  settings: WebSettings,
  before: { readonly settings: WebSettings; readonly guard: Guard } | undefined,
): Guard {
  const { users, headers, rateLimit } = settings;
  const same = before && !isOther(rateLimit, before.settings.rateLimit);
  const fresh = rateLimit && createRateLimiter(rateLimit, () => performance.now());
  return { users, headers, limiter: same ? before.guard.limiter : fresh };
}

/**
 * What cannot be changed while the port is open. To let everybody in is among it: a file that is being
 * written, or was left empty, must not do so.
 */
function restartsNeeded(now: WebSettings, next: WebSettings): string[] {
  const users =
    now.users.size > 0 && next.users.size === 0
      ? ["basic_auth_users: asking nobody for a password any more needs a restart"]
      : [];
  return [...users, ...tlsRestartsNeeded(now, next)];
}

function tlsRestartsNeeded(now: WebSettings, next: WebSettings): string[] {
  if (now.tls === undefined && next.tls === undefined) return [];
  if (now.tls === undefined) return ["tls_server_config: turning TLS on needs a restart"];
  if (next.tls === undefined) return ["tls_server_config: turning TLS off needs a restart"];
  const [before, after] = [now.tls.clients.auth, next.tls.clients.auth];
  if ((before === "NoClientCert") === (after === "NoClientCert")) return [];
  return [
    `tls_server_config.client_auth_type: turning client certificates on or off (${before} to ${after}) needs a restart`,
  ];
}

function isOther(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) !== JSON.stringify(other);
}
