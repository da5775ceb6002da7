/** The pod of a review -> the few fields that injection looks at. All others are never read or changed. */
import { z } from "zod";
import { describeIssue } from "./wording.ts";

/** Null counts as absent, as in the Kubernetes API. */
const metadataSchema = z.object({
  name: z.string().nullish(),
  generateName: z.string().nullish(),
  labels: z.record(z.string(), z.string()).nullish(),
  annotations: z.record(z.string(), z.string()).nullish(),
});

/** A port's number or, in the same container, its name. */
const portReference = z.union([z.number(), z.string()]);

const handlerSchema = z.object({
  httpGet: z.object({ port: portReference }).nullish(),
  tcpSocket: z.object({ port: portReference }).nullish(),
});

const hookSchema = handlerSchema.extend({
  exec: z.object({ command: z.array(z.string()).nullish() }).nullish(),
  sleep: z.object({ seconds: z.number() }).nullish(),
});

const quantities = z.record(z.string(), z.union([z.string(), z.number()])).nullish();

const resourcesSchema = z.object({ requests: quantities, limits: quantities });

const portSchema = z.object({
  name: z.string().nullish(),
  containerPort: z.number(),
  hostPort: z.number().nullish(),
  protocol: z.string().nullish(),
});

const containerSchema = z.object({
  name: z.string(),
  args: z.array(z.string()).nullish(),
  env: z.array(z.object({ name: z.string(), value: z.string().nullish() })).nullish(),
  ports: z.array(portSchema).nullish(),
  resources: resourcesSchema.nullish(),
  /** `Always` makes a native sidecar of an init container (KEP-753). */
  restartPolicy: z.string().nullish(),
  lifecycle: z.object({ postStart: hookSchema.nullish(), preStop: hookSchema.nullish() }).nullish(),
  livenessProbe: handlerSchema.nullish(),
  readinessProbe: handlerSchema.nullish(),
  startupProbe: handlerSchema.nullish(),
});

const specSchema = z.object({
  containers: z.array(containerSchema),
  initContainers: z.array(containerSchema).nullish(),
  terminationGracePeriodSeconds: z.int().nullish(),
  restartPolicy: z.string().nullish(),
  hostNetwork: z.boolean().nullish(),
  os: z.object({ name: z.string() }).nullish(),
  nodeSelector: z.record(z.string(), z.string()).nullish(),
  resources: resourcesSchema.nullish(),
});

const withMetadata = z.object({ metadata: metadataSchema });
const withSpec = z.object({ spec: specSchema });

export type PodMetadata = z.infer<typeof metadataSchema>;
export type PodSpec = z.infer<typeof specSchema>;
export type PodContainer = z.infer<typeof containerSchema>;
export type ContainerPort = z.infer<typeof portSchema>;
export type Handler = z.infer<typeof handlerSchema>;
export type Hook = z.infer<typeof hookSchema>;

/** A pod as far as it is read. */
export interface Pod {
  readonly metadata: PodMetadata;
  readonly spec: PodSpec;
}

/** A part of the pod, or why it cannot be read. */
export type Part<T> =
  | { readonly kind: "read"; readonly value: T }
  | { readonly kind: "unreadable"; readonly message: string };

/** Reads a pod's metadata. */
export function readMetadata(object: unknown): Part<PodMetadata> {
  const part = read(withMetadata, object);
  return part.kind === "read" ? { kind: "read", value: part.value.metadata } : part;
}

/** Reads a pod's specification. */
export function readSpec(object: unknown): Part<PodSpec> {
  const part = read(withSpec, object);
  return part.kind === "read" ? { kind: "read", value: part.value.spec } : part;
}

function read<T>(schema: z.ZodType<T>, object: unknown): Part<T> {
  const result = schema.safeParse(object);
  if (result.success) return { kind: "read", value: result.data };
  return { kind: "unreadable", message: `the pod is malformed: ${describeIssue(result.error)}` };
}

/** Where a container stands in its pod: the first two steps of a path below `spec`. */
export interface Place {
  readonly list: "containers" | "initContainers";
  readonly index: number;
  readonly container: PodContainer;
}

/** All containers of a pod with their places, init containers included. */
export function placesOf(spec: PodSpec): readonly Place[] {
  const lists = ["containers", "initContainers"] as const;
  return lists.flatMap((list) =>
    (spec[list] ?? []).map((container, index) => ({ list, index, container })),
  );
}

/** Whether a container is an init container that lives as long as the pod (KEP-753). */
export function isNativeSidecar({ list, container }: Place): boolean {
  return list === "initContainers" && container.restartPolicy === "Always";
}

/** A port that speaks TCP, which is what is meant where nothing is said. */
export function isTcp({ protocol }: ContainerPort): boolean {
  return (protocol ?? "TCP") === "TCP";
}

/** Labels of nodes that tell their system; the second is the older name. */
const SYSTEM_LABELS = ["kubernetes.io/os", "beta.kubernetes.io/os"];

/** Whether a pod says that it runs on Windows. */
export function isWindows({ os, nodeSelector }: PodSpec): boolean {
  const selected = SYSTEM_LABELS.some((label) => nodeSelector?.[label] === "windows");
  return os?.name === "windows" || selected;
}
