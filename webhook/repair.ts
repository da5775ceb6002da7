/** A pod that was injected before -> the annotations by which scrapes would go past its sidecar, put right. Pure. */
import { ANNOTATIONS, WRITTEN } from "./annotations.ts";
import { ISTIO_MERGE, mergedOrigin } from "./meshes.ts";
import { DEFAULT, readStatus, type Status } from "./origin.ts";
import { CONTAINER_NAME } from "./plan.ts";
import { type Pod, placesOf } from "./pod.ts";
import { MERGED_WARNING } from "./warnings.ts";
import { quote } from "./wording.ts";

/** What is put right. */
export interface Repair {
  readonly annotations: Readonly<Record<string, string>>;
  readonly message: string;
  /** Shown to the user by kubectl. */
  readonly warnings: readonly string[];
}

/**
 * Another webhook may set the annotations after the injection, as Istio's does when it merges pages. `undefined`
 * where all still lead to the sidecar, and where this webhook has not injected it.
 */
export function planRepair(pod: Pod): Repair | undefined {
  const status = statusOfSidecar(pod);
  if (status === undefined) return undefined;
  const present = pod.metadata.annotations ?? {};
  const changed = wantedOf(status).filter(
    ({ key, value, standard }) => (present[key] ?? standard) !== value,
  );
  if (changed.length === 0) return undefined;
  const isMerged = mergedOrigin(pod) !== undefined;
  const said = changed.map(({ key, value }) => {
    const { [key]: was } = present;
    return `${key} ${was === undefined ? "" : `${quote(was)} `}becomes ${quote(value)}`;
  });
  const message = `scrapes would have gone past the metrics proxy that the pod has: ${said.join(", ")} again`;
  return {
    annotations: {
      ...Object.fromEntries(changed.map(({ key, value }) => [key, value])),
      ...(isMerged && { [ISTIO_MERGE]: "false" }),
    },
    message,
    warnings: [isMerged ? MERGED_WARNING : message],
  };
}

/** The status of the sidecar that the pod has, and not of one that was there before. */
function statusOfSidecar({ metadata, spec }: Pod): Status | undefined {
  const status = readStatus(metadata.annotations?.[WRITTEN.status]);
  const isServed = placesOf(spec).some(
    ({ container: { name, ports } }) =>
      name === CONTAINER_NAME &&
      (ports ?? []).some(({ containerPort }) => containerPort === status?.proxyPort),
  );
  return isServed ? status : undefined;
}

/** How the sidecar is scraped; `standard` holds where there is no annotation. */
function wantedOf({ proxyPort, path }: Status) {
  return [
    { key: ANNOTATIONS.port.key, value: String(proxyPort), standard: undefined },
    { key: ANNOTATIONS.scheme.key, value: "http", standard: DEFAULT.scheme },
    // Older versions did not write it down.
    ...(path === undefined
      ? []
      : [{ key: ANNOTATIONS.path.key, value: path, standard: DEFAULT.path }]),
  ];
}
