/** Opens the listeners, logs where, and has them closed at the end, the last one first. */
import { formatAddress, type ListenOptions, listen } from "../shared/http.ts";
import type { Life } from "../shared/lifecycle.ts";
import { listenTls, type TlsListener, type TlsListenOptions } from "../shared/tls/listener.ts";
import type { BindAddress } from "../shared/values.ts";

/** For what is in flight: with the shutdown delay and a preStop hook less than the pod's grace period. */
const DRAIN_MS = 15_000;

/** Opens a listener without TLS; none where `bind` is null. */
export function openPlain(
  life: Life,
  listener: string,
  options: Omit<ListenOptions, "bind"> & { readonly bind: BindAddress | null },
): void {
  const { bind } = options;
  if (bind === null) return;
  const opened = listen({ ...options, bind });
  life.teardown.defer(() => opened.close(DRAIN_MS));
  announce(life, listener, { ...bind, port: opened.port });
}

/** Opens a listener with TLS. */
export async function openTls(
  life: Life,
  listener: string,
  options: Omit<TlsListenOptions, "log">,
): Promise<TlsListener> {
  const opened = await listenTls({ ...options, log: life.log });
  life.teardown.defer(() => opened.close(DRAIN_MS));
  announce(life, listener, { ...options.bind, port: opened.port });
  return opened;
}

function announce({ log }: Life, listener: string, address: BindAddress): void {
  log.info("Listening", { listener, address: formatAddress(address), port: address.port });
}
