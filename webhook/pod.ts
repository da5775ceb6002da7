/** The pod of a review -> the few fields that injection looks at. All others are never read or changed. */
import { z } from "zod";
import { describeIssue } from "./wording.ts";

/** Reads the annotations, by which a pod opts in. Null counts as absent, as in the Kubernetes API. */
const metadataSchema = z.object({
  name: z.string().nullish(),
  generateName: z.string().nullish(),
  annotations: z.record(z.string(), z.string()).nullish(),
});

const containerSchema = z.object({
  name: z.string(),
  ports: z.array(z.object({ containerPort: z.number() })).nullish(),
});

const specSchema = z.object({
  containers: z.array(containerSchema),
  initContainers: z.array(containerSchema).nullish(),
  terminationGracePeriodSeconds: z.int().nullish(),
});

export type PodMetadata = z.infer<typeof metadataSchema>;
export type PodSpec = z.infer<typeof specSchema>;
export type PodContainer = z.infer<typeof containerSchema>;

/** A part of the pod, or why it cannot be read. */
export type Part<T> =
  | { readonly kind: "read"; readonly value: T }
  | { readonly kind: "unreadable"; readonly message: string };

/** Reads a pod's metadata. */
export function readMetadata(object: unknown): Part<PodMetadata> {
  const part = read(z.object({ metadata: metadataSchema }), object);
  return part.kind === "read" ? { kind: "read", value: part.value.metadata } : part;
}

/** Reads a pod's specification. */
export function readSpec(object: unknown): Part<PodSpec> {
  const part = read(z.object({ spec: specSchema }), object);
  return part.kind === "read" ? { kind: "read", value: part.value.spec } : part;
}

function read<T>(schema: z.ZodType<T>, object: unknown): Part<T> {
  const result = schema.safeParse(object);
  if (result.success) return { kind: "read", value: result.data };
  return { kind: "unreadable", message: `the pod is malformed: ${describeIssue(result.error)}` };
}

/** All containers of a pod, init containers included. */
export function allContainers(spec: PodSpec): readonly PodContainer[] {
  return [...spec.containers, ...(spec.initContainers ?? [])];
}
