/** A pod's ports -> the one that the proxy takes. */
import { isReserved } from "./meshes.ts";
import { type Handler, type PodSpec, placesOf } from "./pod.ts";

const MAX_PORT = 65_535;
/** Distance of the proxy's port from the application's, as the original has it. */
const PORT_DISTANCE = 10_000;
/** Where that cannot be had, as the original has it; then the next free one. */
const FALLBACK_PORT = 19_090;

/**
 * Original + 10000; 19090 where that passes 65535, is taken by the pod or may be wanted by a mesh; then
 * the next one that is none of these. `undefined` where there is none.
 */
export function chooseProxyPort(original: number, spec: PodSpec): number | undefined {
  const taken = takenPorts(spec);
  const isFree = (port: number) =>
    port <= MAX_PORT && port !== original && !taken.has(port) && !isReserved(port);
  if (isFree(original + PORT_DISTANCE)) return original + PORT_DISTANCE;
  for (let port = FALLBACK_PORT; port <= MAX_PORT; port += 1) {
    if (isFree(port)) return port;
  }
  return undefined;
}

/** Ports that containers declare, and those that probes and hooks call although nobody declares them. */
function takenPorts(spec: PodSpec): ReadonlySet<number> {
  const ports = placesOf(spec).flatMap(({ container }) => {
    const { livenessProbe, readinessProbe, startupProbe, lifecycle } = container;
    const probes = [livenessProbe, readinessProbe, startupProbe];
    const hooks = [lifecycle?.postStart, lifecycle?.preStop];
    const declared = (container.ports ?? []).map(({ containerPort }) => containerPort);
    return [...declared, ...[...probes, ...hooks].flatMap(calledPorts)];
  });
  return new Set(ports);
}

function calledPorts(handler: Handler | null | undefined): readonly number[] {
  const ports = [handler?.httpGet?.port, handler?.tcpSocket?.port];
  return ports.filter((port) => typeof port === "number");
}
