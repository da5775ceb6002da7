/**
 * The rules by which a pod is left as it is or refused, in the order in which they are asked. The
 * documentation, the metric's reasons and `webhook explain` all come from this table.
 */
import { ANNOTATIONS, invalid, type ReadSettings } from "./annotations.ts";
import { originOf } from "./origin.ts";
import { CONTAINER_NAME, endsByItself, nativeServer } from "./plan.ts";
import { isWindows, type Pod, type PodMetadata, placesOf } from "./pod.ts";
import { portsNamed } from "./port-name.ts";
import type { AdmissionRequest } from "./review.ts";
import type { Rule } from "./rule.ts";
import { quote } from "./wording.ts";

/** A pod whose specification could be read. */
export interface Subject {
  readonly pod: Pod;
  readonly read: ReadSettings;
}

const WAIT = ANNOTATIONS.wait.key;

/** Asked of the request, before its object is looked at. */
export const REQUEST_RULES = [
  {
    reason: "not_a_pod",
    outcome: "skipped",
    when: "the request is not about a pod",
    test: ({ kind }) =>
      kind.group === "" && kind.kind === "Pod" ? undefined : `${quote(kind.kind)} is not a pod`,
  },
  {
    reason: "subresource",
    outcome: "skipped",
    when: "it is about a subresource, such as `pods/status`",
    test: ({ subResource }) => (subResource ? `${quote(subResource)} is a subresource` : undefined),
  },
  {
    reason: "not_create",
    outcome: "skipped",
    when: "it is an UPDATE, DELETE or CONNECT",
    test: ({ operation }) =>
      operation === "CREATE"
        ? undefined
        : `${quote(operation)}: pods are changed only when they are created`,
  },
] as const satisfies readonly Rule<AdmissionRequest>[];

/** Asked of the metadata, by which a pod opts in. */
export const METADATA_RULES = [
  {
    reason: "not_opted_in",
    outcome: "skipped",
    when: `no annotation \`${WAIT}\``,
    test: ({ annotations }) =>
      annotations?.[WAIT] === undefined ? `no annotation ${WAIT}` : undefined,
  },
  {
    reason: "opted_out",
    outcome: "skipped",
    when: `\`${WAIT}: "false"\``,
    test: ({ annotations }) =>
      annotations?.[WAIT] === "false" ? `annotation ${WAIT} is "false"` : undefined,
  },
  {
    reason: "unknown_opt_in",
    outcome: "skipped",
    when: `\`${WAIT}\` is neither \`"true"\` nor \`"false"\``,
    warns: true,
    test: ({ annotations }) => {
      const value = annotations?.[WAIT] ?? "";
      if (value === "true") return undefined;
      return `annotation ${WAIT} is ${quote(value)}; only "true" injects the metrics proxy`;
    },
  },
  {
    reason: "mirror_pod",
    outcome: "skipped",
    when: "a mirror pod: it only shows what a kubelet runs from a file",
    test: ({ annotations }) =>
      annotations?.["kubernetes.io/config.mirror"] === undefined
        ? undefined
        : "a mirror pod shows what a kubelet runs from a file; changing it changes nothing",
  },
] as const satisfies readonly Rule<PodMetadata>[];

/** Asked of the request for a pod that has opted in. */
export const NAMESPACE_RULES = [
  {
    reason: "excluded_namespace",
    outcome: "skipped",
    when: "its namespace is one of `--excluded-namespaces` or the webhook's own",
    warns: true,
    test: ({ namespace }, { excludedNamespaces }) =>
      excludedNamespaces.has(namespace ?? "")
        ? `no metrics proxy: pods of namespace ${quote(namespace ?? "")} are left alone`
        : undefined,
  },
] as const satisfies readonly Rule<AdmissionRequest>[];

/** Asked of a pod that has opted in. */
export const POD_RULES = [
  {
    reason: "already_injected",
    outcome: "skipped",
    when: `any other with a container \`${CONTAINER_NAME}\`: asked about once more, restored or applied again`,
    test: ({ pod }) =>
      placesOf(pod.spec).some(({ container }) => container.name === CONTAINER_NAME)
        ? `the pod has a container ${CONTAINER_NAME} already`
        : undefined,
  },
  {
    reason: "host_network",
    outcome: "skipped",
    when: "it uses the node's network, where the proxy's port would be the node's",
    warns: true,
    test: ({ pod }) =>
      pod.spec.hostNetwork
        ? "no metrics proxy: with hostNetwork its port would be taken on the node itself"
        : undefined,
  },
  {
    reason: "windows",
    outcome: "skipped",
    when: "it runs on Windows, for which there is no sidecar",
    warns: true,
    test: ({ pod }) =>
      isWindows(pod.spec) ? "no metrics proxy: there is none for Windows" : undefined,
  },
  {
    reason: "invalid_annotation",
    outcome: "denied",
    when: "an annotation has a value that is not allowed (see the annotations)",
    test: (subject) =>
      [...subject.read.problems, ...portNameProblems(subject)].join("; ") || undefined,
  },
  {
    reason: "needs_native",
    outcome: "skipped",
    when: "its `restartPolicy` is not `Always` (Jobs and their kin) while native sidecars are off: a regular one would keep it from completing",
    warns: true,
    test: ({ pod, read }, { native }) =>
      native ||
      !endsByItself(pod.spec) ||
      nativeServer(pod.spec, originOf(pod, read.settings).port) !== undefined
        ? undefined
        : `no metrics proxy: with restartPolicy ${quote(pod.spec.restartPolicy ?? "")} a regular sidecar would keep the pod from completing; native ones are off (--enable-sidecar-containers)`,
  },
] as const satisfies readonly Rule<Subject>[];

function portNameProblems({ pod, read: { settings } }: Subject): readonly string[] {
  const { portName } = settings;
  if (portName === undefined) return [];
  const [named, ...others] = portsNamed(pod, portName);
  if (named === undefined || others.length > 0) return [invalid(ANNOTATIONS.portName, portName)];
  const { port } = originOf(pod, settings);
  if (port === named.containerPort) return [];
  const { key } = ANNOTATIONS.port;
  return [
    `annotation ${key} is "${port}"; it must be ${named.containerPort}, the port named ${quote(portName)} (${ANNOTATIONS.portName.key}), or be left out`,
  ];
}

/** A pod that was injected, and whose annotations another webhook has set since. */
export const REPAIRED = {
  reason: "repaired",
  outcome: "injected",
  when: `it has its container \`${CONTAINER_NAME}\`, but port, path or scheme of the annotations do not lead there: they are put right`,
  warns: true,
} as const;

/** What cannot be read is refused: the API server will not take it either. */
export const UNREADABLE = {
  reason: "invalid_pod",
  outcome: "denied",
  when: "its metadata cannot be read or, once it has opted in, its specification",
} as const;

/** Found when a pod's injection is planned. */
export const NO_FREE_PORT = {
  reason: "no_free_port",
  outcome: "denied",
  when: "the pod declares every port that the proxy could take",
} as const;

/** A pod that no rule applies to. */
export const INJECTED = {
  reason: "opted_in",
  outcome: "injected",
  when: "any other pod",
} as const;

type ReasonOf<T extends readonly { readonly reason: string }[]> = T[number]["reason"];

/** Every reason that a decision can have. */
export type Reason =
  | ReasonOf<typeof REQUEST_RULES>
  | ReasonOf<typeof METADATA_RULES>
  | ReasonOf<typeof NAMESPACE_RULES>
  | typeof REPAIRED.reason
  | ReasonOf<typeof POD_RULES>
  | typeof UNREADABLE.reason
  | typeof NO_FREE_PORT.reason
  | typeof INJECTED.reason;

/** A line of the table, as far as the documentation shows it. */
export interface TableRow {
  readonly reason: Reason;
  readonly outcome: "injected" | "skipped" | "denied";
  readonly when: string;
  readonly warns?: true;
}

/** The whole table, in the order in which it is asked. */
export const TABLE: readonly TableRow[] = [
  ...REQUEST_RULES,
  UNREADABLE,
  ...METADATA_RULES,
  ...NAMESPACE_RULES,
  REPAIRED,
  ...POD_RULES,
  NO_FREE_PORT,
  INJECTED,
];
