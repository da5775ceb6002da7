/** A workload -> the names and the numbers of the ports that its containers declare. */
import type { Workload } from "../render.ts";
import { containersOf } from "./containers.ts";

export function portsOf(workload: Workload): readonly (string | number)[] {
  return containersOf(workload)
    .flatMap(({ container }) => container.ports ?? [])
    .flatMap(({ name, containerPort }) =>
      name === undefined ? [containerPort] : [name, containerPort],
    );
}
