/** `--enable-sidecar-containers` and the API server's version -> whether sidecars are native ones. */
import type { Logger } from "../shared/log.ts";

/** The version that an API server tells, such as 1 and 32. */
export interface ServerVersion {
  readonly major: number;
  readonly minor: number;
}

export interface NativeOptions {
  readonly setting: "auto" | "true" | "false";
  /** Asks the API server; `undefined` where there is no cluster. */
  readonly serverVersion: (() => Promise<ServerVersion>) | undefined;
  readonly log: Logger;
  /** Waits; rejects or resolves early once the webhook is stopping. */
  readonly sleep: (ms: number) => Promise<void>;
  readonly stopping: AbortSignal;
}

/**
 * Kubelets may be three minor versions older than the API server
 * (https://kubernetes.io/releases/version-skew-policy/), and know native sidecars from 1.29 on (KEP-753).
 */
const FIRST_MINOR = 29 + 3;

/** A cluster that was upgraded is noticed within so long. */
const ASK_AGAIN_MS = 3_600_000;

/** An API server that did not answer is asked again soon: until then sidecars are regular ones. */
const RETRY_MS = 10_000;

/** True where every kubelet of that cluster knows native sidecars. */
export function knowsNative({ major, minor }: ServerVersion): boolean {
  return major > 1 || (major === 1 && minor >= FIRST_MINOR);
}

/** Tells for each pod. `auto` asks the API server at once and now and then, until `stopping`. */
export function createNativeSwitch(options: NativeOptions): () => boolean {
  const { setting, serverVersion, log } = options;
  if (setting !== "auto") return () => setting === "true";
  if (serverVersion === undefined) {
    log.info("Native sidecars are off: there is no cluster to ask for its version");
    return () => false;
  }
  let native = false;
  const look = async (): Promise<number> => {
    try {
      const version = await serverVersion();
      native = knowsNative(version);
      log.info("Asked the API server for its version", { ...version, native_sidecars: native });
      return ASK_AGAIN_MS;
    } catch (error) {
      log.warn("Cannot ask the API server for its version", { error, native_sidecars: native });
      return RETRY_MS;
    }
  };
  void keepLooking(look, options);
  return () => native;
}

async function keepLooking(
  look: () => Promise<number>,
  { sleep, stopping }: NativeOptions,
): Promise<void> {
  while (!stopping.aborted) await sleep(await look());
}
