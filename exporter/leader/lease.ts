/** An object of the API, read or watched -> the few fields of a Lease that an election is about. */
import * as z from "zod/mini";

/** What a candidate writes into a Lease. Times are since the epoch, in milliseconds. */
export interface Claim {
  /** Empty: nobody's. */
  readonly holder: string;
  readonly durationSeconds: number;
  readonly acquiredAtMs: number;
  readonly renewedAtMs: number;
  /** How often the holder has changed. */
  readonly transitions: number;
}

/** A Lease as the API server has it. */
export interface Lease {
  readonly holder: string;
  /** 0 where the Lease does not say. */
  readonly durationSeconds: number;
  readonly acquiredAtMs: number | undefined;
  readonly transitions: number;
  /** Opaque; another one after every change. */
  readonly version: string;
  /** What an update has to hand back, so that nothing of others is lost. */
  readonly metadata: z.output<typeof METADATA>;
}

const strings = z.nullish(z.record(z.string(), z.string()));

const METADATA = z.object({
  name: z.string(),
  resourceVersion: z.string().check(z.minLength(1)),
  uid: z.nullish(z.string()),
  labels: strings,
  annotations: strings,
  finalizers: z.nullish(z.array(z.string())),
  ownerReferences: z.nullish(z.array(z.looseObject({}))),
});

const count = z.nullish(z.number().check(z.nonnegative()));

const LEASE = z.object({
  metadata: METADATA,
  spec: z.nullish(
    z.object({
      holderIdentity: z.nullish(z.string()),
      leaseDurationSeconds: count,
      leaseTransitions: count,
      // A Date from the generated client, text from a watch.
      acquireTime: z.nullish(z.union([z.string(), z.instanceof(Date)])),
    }),
  ),
});

/** Throws a TypeError where it is no Lease of that name. */
export function parseLease(name: string, object: unknown): Lease {
  const { success, data } = LEASE.safeParse(object);
  if (!success || data.metadata.name !== name) {
    throw new TypeError(`The answer is no Lease named "${name}"`);
  }
  const { metadata, spec } = data;
  return {
    holder: spec?.holderIdentity ?? "",
    durationSeconds: spec?.leaseDurationSeconds ?? 0,
    acquiredAtMs: readTime(spec?.acquireTime),
    transitions: spec?.leaseTransitions ?? 0,
    version: metadata.resourceVersion,
    metadata,
  };
}

function readTime(time: string | Date | null | undefined): number | undefined {
  const ms = time ? new Date(time).getTime() : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}
