/** Where a pod's application serves its metrics, from the annotations and what others made of them. */
import { parsePath, readQuery, type Settings, WRITTEN } from "./annotations.ts";
import { mergedOrigin } from "./meshes.ts";
import type { Pod } from "./pod.ts";
import { portsNamed } from "./port-name.ts";

/** The application's page. */
export interface Origin {
  /** 1 to 65535. */
  readonly port: number;
  readonly path: string;
  readonly scheme: "http" | "https";
  /** Encoded, without `?`; empty for none. */
  readonly query: string;
  /** Istio has put its merged page in this one's place. */
  readonly merged: boolean;
}

/** What is meant where the annotations say nothing. */
export const DEFAULT = { port: 9090, path: "/metrics", scheme: "http" } as const;

/** Finds the application's page. */
export function originOf(pod: Pod, settings: Settings): Origin {
  const merged = mergedOrigin(pod);
  const query = readQuery(pod.metadata.annotations ?? {});
  if (merged !== undefined) {
    // Istio takes over port and path and leaves the scheme; without a saved port it made up the annotation.
    const { port = namedPort(pod, settings) ?? DEFAULT.port, path = DEFAULT.path } = merged;
    return { port, path, scheme: settings.scheme ?? DEFAULT.scheme, query, merged: true };
  }
  const {
    port = namedPort(pod, settings),
    path,
    scheme,
  } = { ...settings, ...leftOver(pod, settings) };
  return {
    port: port ?? DEFAULT.port,
    path: path ?? DEFAULT.path,
    scheme: scheme ?? DEFAULT.scheme,
    query,
    merged: false,
  };
}

function namedPort(pod: Pod, { portName }: Settings): number | undefined {
  return portName === undefined ? undefined : portsNamed(pod, portName)[0]?.containerPort;
}

/**
 * What the application had before an injection that left its annotations but no container: somebody
 * copied them, or took the container out by hand. The status says what was rewritten.
 */
function leftOver({ metadata }: Pod, settings: Settings) {
  const status = readStatus(metadata.annotations?.[WRITTEN.status]);
  if (status === undefined || status.proxyPort !== settings.port) return undefined;
  return {
    port: status.originalPort,
    scheme: status.originalScheme === "https" ? ("https" as const) : undefined,
  };
}

/** The value of the status annotation. */
export interface Status {
  readonly version: string;
  readonly mode: "regular" | "native";
  readonly originalPort: number;
  readonly proxyPort: number;
  /** Where the sidecar is scraped; absent in what older versions wrote. */
  readonly path?: string;
  readonly originalScheme?: "https";
}

/** Reads a status annotation; `undefined` where there is none or it is not ours. */
export function readStatus(text: string | undefined): Status | undefined {
  try {
    const status = JSON.parse(text ?? "null") as Partial<Status> | null;
    const { originalPort, proxyPort, path = DEFAULT.path } = status ?? {};
    const isOurs =
      [originalPort, proxyPort].every(
        (port) => Number.isInteger(port) && Number(port) >= 1 && Number(port) < 65_536,
      ) &&
      typeof path === "string" &&
      parsePath(path) !== undefined;
    return isOurs ? (status as Status) : undefined;
  } catch {
    return undefined; // Somebody else's text: as if it were not there.
  }
}
