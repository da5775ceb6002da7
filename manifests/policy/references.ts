/** ConfigMaps, Secrets, claims and volumes that pods name are in the folder, or the user makes them. */
import type { V1Volume } from "@kubernetes/client-node";
import type { KubernetesObject, Rendered, Workload } from "../render.ts";
import { containersOf } from "./containers.ts";
import { type Finding, isNear } from "./finding.ts";

/** What a user makes, and where that is described. Nothing else may be missing. */
export const MADE_BY_USERS: readonly string[] = [
  // Account, password and zone of KT Cloud: manifests/exporter/base/kustomization.yaml.
  "Secret lb-exporter",
  // The same for several accounts: docs/accounts.md.
  "Secret lb-exporter-accounts",
  // The webhook's certificate, where neither component makes it: docs/webhook.md.
  "Secret prometheus-metrics-proxy-hook-tls",
];

interface Reference {
  /** `Secret` or another kind, and a name. */
  readonly target: string;
  readonly field: string;
  readonly keys: readonly string[];
}

interface Maker {
  readonly secretName?: string;
  readonly target?: { readonly name?: string };
}

export function checkReferences(rendered: Rendered): readonly Finding[] {
  return rendered.workloads().flatMap((workload) => {
    const { object } = workload;
    const known = rendered.objects.filter((one) => isNear(one, object)).map(providedBy);
    return referencesOf(workload).flatMap(({ target, field, keys }): readonly Finding[] => {
      const provided = known.find((one) => one.target === target);
      const missing = keys.filter((key) => provided?.keys?.includes(key) === false);
      if (missing.length > 0) {
        const allowed = `a key of ${target}: ${provided?.keys?.join(", ")}`;
        return [{ object, field, value: missing[0], allowed }];
      }
      if (provided !== undefined || MADE_BY_USERS.includes(target)) return [];
      const kind = target.split(" ")[0] ?? "";
      const names = known.map((one) => one.target).filter((one) => one.startsWith(`${kind} `));
      return [{ object, field, value: target, allowed: [...names, ...MADE_BY_USERS].join(", ") }];
    });
  });
}

/** Each mount has its volume, and each volume a mount. */
export function checkVolumes(rendered: Rendered): readonly Finding[] {
  return rendered.workloads().flatMap((workload) => {
    const { object, spec, field } = workload;
    const volumes = (spec.volumes ?? []).map(({ name }) => name);
    const mounts = containersOf(workload).flatMap((placed) =>
      (placed.container.volumeMounts ?? []).map(({ name }) => ({ field: placed.field, name })),
    );
    const dangling = mounts
      .filter(({ name }) => !volumes.includes(name))
      .map((one) => ({
        object,
        field: `${one.field}.volumeMounts`,
        value: one.name,
        allowed: volumes.join(", "),
      }));
    const idle = volumes
      .filter((volume) => !mounts.some(({ name }) => name === volume))
      .map((value) => ({
        object,
        field: `${field}.volumes`,
        value,
        allowed: "one that is mounted",
      }));
    return [...dangling, ...idle];
  });
}

/** What an object brings into its namespace; `keys` where they are known. */
function providedBy(object: KubernetesObject): {
  readonly target: string;
  readonly keys?: readonly string[];
} {
  const { kind, metadata } = object;
  const { secretName, target } = (object.spec ?? {}) as Maker;
  if (kind === "Certificate") {
    return { target: `Secret ${secretName}`, keys: ["ca.crt", "tls.crt", "tls.key"] };
  }
  if (kind === "ExternalSecret") return { target: `Secret ${target?.name ?? metadata.name}` };
  if (kind !== "ConfigMap") return { target: `${kind} ${metadata.name}` };
  const { data = {}, binaryData = {} } = object as {
    data?: Record<string, string>;
    binaryData?: Record<string, string>;
  };
  return { target: `ConfigMap ${metadata.name}`, keys: Object.keys({ ...data, ...binaryData }) };
}

function referencesOf(workload: Workload): readonly Reference[] {
  const { spec, field } = workload;
  const pulled = (spec.imagePullSecrets ?? []).map(({ name }) => ({
    target: `Secret ${name}`,
    field: `${field}.imagePullSecrets`,
    keys: [],
  }));
  const volumes = (spec.volumes ?? []).flatMap((volume) =>
    sourcesOf(volume).map((one) => ({ ...one, field: `${field}.volumes[${volume.name}]` })),
  );
  return [...pulled, ...volumes, ...containersOf(workload).flatMap(environmentOf)];
}

type Source = Omit<Reference, "field">;

function sourcesOf(volume: V1Volume): readonly Source[] {
  const claim = volume.persistentVolumeClaim?.claimName;
  const parts = volume.projected?.sources ?? [];
  const { secret, configMap } = volume;
  return [
    ...(claim === undefined ? [] : [{ target: `PersistentVolumeClaim ${claim}`, keys: [] }]),
    ...sourceOf("Secret", secret),
    ...sourceOf("ConfigMap", configMap),
    ...parts.flatMap((part) => [
      ...sourceOf("Secret", part.secret),
      ...sourceOf("ConfigMap", part.configMap),
    ]),
  ];
}

function environmentOf({ container, field }: ReturnType<typeof containersOf>[number]) {
  const whole = (container.envFrom ?? []).flatMap(({ secretRef, configMapRef }) => [
    ...sourceOf("Secret", secretRef),
    ...sourceOf("ConfigMap", configMapRef),
  ]);
  const single = (container.env ?? []).flatMap(({ name, valueFrom }) =>
    [
      ...sourceOf("Secret", valueFrom?.secretKeyRef),
      ...sourceOf("ConfigMap", valueFrom?.configMapKeyRef),
    ].map((one) => ({ ...one, field: `${field}.env[${name}]` })),
  );
  return [...whole.map((one) => ({ ...one, field: `${field}.envFrom` })), ...single];
}

interface Given {
  readonly name?: string;
  readonly secretName?: string;
  readonly optional?: boolean;
  readonly key?: string;
  readonly items?: readonly { readonly key: string }[];
}

/** Nothing for what is not named, or may be missing. */
function sourceOf(kind: string, given: Given | undefined): readonly Source[] {
  const name = given?.secretName ?? given?.name;
  if (given === undefined || name === undefined || given.optional === true) return [];
  const { key, items = [] } = given;
  const keys = key === undefined ? items.map((item) => item.key) : [key];
  return [{ target: `${kind} ${name}`, keys }];
}
