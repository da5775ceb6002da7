/** A bind address, and a web configuration or none -> an open listener. */
import { type Listener, listen } from "../../shared/http.ts";
import type { Logger } from "../../shared/log.ts";
import type { TlsLimits } from "../../shared/tls/listener.ts";
import type { BindAddress } from "../../shared/values.ts";
import { NO_REFUSALS, type Refusal } from "./guard.ts";

/** What came of a look at the web configuration. */
export type Reload =
  | { readonly kind: "unchanged" }
  | { readonly kind: "applied" }
  /** The last good one stays in force. */
  | { readonly kind: "refused"; readonly problems: readonly string[] };

/** How the web configuration fares. */
export interface WebState {
  /** Why the newest is not in force; none where it is. Names no secret. */
  readonly problems: readonly string[];
  /** When the configuration in force was taken over, in milliseconds since the Unix epoch. */
  readonly lastSuccessMs: number;
  /** When the served certificate ends; nothing without TLS. */
  readonly certificateNotAfter?: Date;
  /** How many requests were not handed to `fetch`. */
  readonly refused: Readonly<Record<Refusal, number>>;
}

export interface ListenWebOptions {
  /** The flag that set the address, for the message if it cannot be had. */
  readonly flag: string;
  readonly bind: BindAddress;
  /** Path of the web configuration; none, or an empty text, for plain HTTP and everybody. */
  readonly configFile: string | undefined;
  readonly fetch: (request: Request) => Response | Promise<Response>;
  readonly log: Logger;
  /** Told of what came of each look that found a change, and of each that was asked for. */
  readonly onReload?: (reload: Reload) => void;
  /** How the files are watched, in milliseconds; see `watchDirectories`. */
  readonly watch?: { readonly pollMs?: number; readonly settleMs?: number };
  /** How long a client with TLS may take. */
  readonly limits?: TlsLimits;
}

/** An open listener whose configuration follows its files. */
export interface WebListener extends Listener {
  readonly scheme: "http" | "https";
  state(this: void): WebState;
  /** Looks at the files now; for SIGHUP and `/-/reload`. Never rejects. */
  reload(this: void): Promise<Reload>;
}

/**
 * Opens a listener. Without a web configuration it is that of `shared/http.ts`, and nothing stands between.
 * Rejects with `ListenError`, or with `ConfigError` with every problem of the web configuration.
 */
export async function listenWeb(options: ListenWebOptions): Promise<WebListener> {
  const { flag, bind, configFile, fetch, log } = options;
  if (configFile !== undefined && configFile !== "") {
    // YAML, TLS and the rest are loaded only where they are wanted.
    const { listenConfigured } = await import("./configured.ts");
    return await listenConfigured({ ...options, configFile });
  }
  const onError = (error: unknown) => log.error("Failed to answer a request", { error });
  const openedMs = Date.now();
  return {
    ...listen({ flag, bind, fetch: (request) => fetch(request), onError }),
    scheme: "http",
    state: () => ({ problems: [], lastSuccessMs: openedMs, refused: NO_REFUSALS }),
    reload: () => Promise.resolve({ kind: "unchanged" }),
  };
}
