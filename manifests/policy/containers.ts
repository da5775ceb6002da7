/** A workload -> its containers, each with the path of its field. */
import type { V1Container } from "@kubernetes/client-node";
import type { Rendered, Workload } from "../render.ts";

export interface Placed {
  readonly workload: Workload;
  readonly container: V1Container;
  /** Such as `spec.template.spec.containers[app]`. */
  readonly field: string;
  /** It is meant to run until the pod ends: no Job, no plain init container. */
  readonly lasts: boolean;
}

const ENDING: readonly string[] = ["Job", "CronJob"];

/** All containers, the init containers first. */
export function containersOf(workload: Workload): readonly Placed[] {
  const { spec, object, field } = workload;
  const place = (list: string, lasts: boolean) => (container: V1Container) => ({
    workload,
    container,
    field: `${field}.${list}[${container.name}]`,
    lasts: container.restartPolicy === "Always" || (lasts && !ENDING.includes(object.kind)),
  });
  return [
    ...(spec.initContainers ?? []).map(place("initContainers", false)),
    ...spec.containers.map(place("containers", true)),
  ];
}

export function allContainers(rendered: Rendered): readonly Placed[] {
  return rendered.workloads().flatMap(containersOf);
}
