/** A pod's containers -> which of them get a preStop hook that has the sidecar capture first. */
import { isForeign } from "./meshes.ts";
import { type Hook, isNativeSidecar, isTcp, type Place, type PodSpec, placesOf } from "./pod.ts";
import { quote } from "./wording.ts";

/** The containers that get the hook, and what to tell the user of the others. */
export interface HookPlan {
  readonly places: readonly Place[];
  readonly warnings: readonly string[];
}

/**
 * The containers that serve the page are told to stop only after the sidecar has it. They are those
 * that declare the port; where none does, all but other injectors'. A container keeps a hook of its own.
 */
export function planHooks(spec: PodSpec, ports: { original: number; proxy: number }): HookPlan {
  const containers = placesOf(spec).filter(({ list }) => list === "containers");
  // An init container that ends before the others start serves nothing to a scraper.
  const declaring = placesOf(spec).filter(
    (place) => lasts(place) && declares(place, ports.original),
  );
  // A native sidecar that serves the page gets its SIGTERM after all containers: nothing is to be won.
  const serving =
    declaring.length > 0
      ? declaring.filter(({ list }) => list === "containers")
      : containers.filter((place) => !isForeign(place));
  const hooked = serving.filter(({ container }) => container.lifecycle?.preStop);
  return {
    places: serving.filter(({ container }) => !container.lifecycle?.preStop),
    warnings: hooked
      .filter(({ container }) => !givesTime(container.lifecycle?.preStop ?? {}))
      .map(({ container }) => ownHook(container.name, ports.proxy)),
  };
}

function lasts(place: Place): boolean {
  return place.list === "containers" || isNativeSidecar(place);
}

/** Whether a container says that it listens on a port. */
export function declares({ container }: Place, port: number): boolean {
  return (container.ports ?? []).some((one) => one.containerPort === port && isTcp(one));
}

/**
 * Whether a hook lasts long enough for the first capture by itself: the sidecar begins to capture with
 * the pod's end, and so with this hook.
 */
function givesTime({ sleep, exec }: Hook): boolean {
  if (sleep) return sleep.seconds >= 1;
  const command = exec?.command?.join(" ") ?? "";
  return /^(?:(?:\/\S+\/)?(?:ba|da|a)?sh -c )?(?:\/\S+\/)?sleep [1-9]/.test(command);
}

function ownHook(name: string, proxyPort: number): string {
  return `container ${quote(name)} keeps its own preStop hook and may stop before its last page is captured: let the hook last 1 s, or end it with a GET of http://127.0.0.1:${proxyPort}/-/flush`;
}
