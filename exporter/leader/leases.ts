/** The calls that an election makes, for one Lease (coordination.k8s.io/v1). */
import type { CoordinationV1Api, V1Lease, V1ObjectMeta } from "@kubernetes/client-node";
import {
  ApiError,
  call,
  configureClient,
  type Operation,
  optional,
} from "../../shared/cluster/api.ts";
import type { Connection } from "../../shared/cluster/connection.ts";
import { watch } from "../../shared/cluster/watch.ts";
import { type Claim, type Lease, parseLease } from "./lease.ts";

/** The calls, as metrics and messages name them. */
export const LEASE_OPERATIONS = [
  "get_lease",
  "create_lease",
  "update_lease",
  "watch_lease",
] as const;
export type LeaseOperation = (typeof LEASE_OPERATIONS)[number];

const OPERATIONS = {
  get_lease: { name: "get_lease", right: "get leases.coordination.k8s.io in its namespace" },
  create_lease: {
    name: "create_lease",
    right: "create leases.coordination.k8s.io in its namespace",
  },
  update_lease: {
    name: "update_lease",
    right: "update leases.coordination.k8s.io in its namespace",
  },
  watch_lease: {
    name: "watch_lease",
    right: "list and watch leases.coordination.k8s.io in its namespace",
  },
} as const satisfies Record<LeaseOperation, Operation>;

export interface LeaseWatch {
  /** Called with the Lease as it is, or `undefined` where there is none: at first and after each change. */
  readonly onSeen: (lease: Lease | undefined) => void;
  readonly onError: (error: ApiError) => void;
  /** Waits; ends early when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** From 0 to 1, for jitter. */
  readonly random: () => number;
  /** The longest pause after failures, in milliseconds. */
  readonly longestPauseMs: number;
  readonly signal: AbortSignal;
}

/** One Lease. Calls reject with an {@link ApiError}, also when their signal aborts. */
export interface Leases {
  /** `undefined` where there is none. */
  read(signal: AbortSignal): Promise<Lease | undefined>;
  /** `conflict` where there is one already. */
  create(claim: Claim, signal: AbortSignal): Promise<Lease | "conflict">;
  /** Replaces that very version; `conflict` where there is another, or none. */
  update(lease: Lease, claim: Claim, signal: AbortSignal): Promise<Lease | "conflict">;
  /** Until the signal aborts. Never rejects. */
  watch(options: LeaseWatch): Promise<void>;
}

/** Makes the client for one Lease. Nothing is asked yet. */
export async function createLeases(
  connection: Connection,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Promise<Leases> {
  const client = await import("@kubernetes/client-node");
  const api = async (signal: AbortSignal): Promise<CoordinationV1Api> =>
    new client.CoordinationV1Api(await configureClient(connection, () => signal));
  const body = (claim: Claim, metadata: V1ObjectMeta): V1Lease => ({
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: Object.assign(metadata, { name, namespace }),
    spec: {
      holderIdentity: claim.holder,
      leaseDurationSeconds: claim.durationSeconds,
      acquireTime: new client.V1MicroTime(claim.acquiredAtMs),
      renewTime: new client.V1MicroTime(claim.renewedAtMs),
      leaseTransitions: claim.transitions,
    },
  });
  return {
    read: (signal) =>
      optional(
        call(OPERATIONS.get_lease, async () => {
          return parseLease(
            name,
            await (await api(signal)).readNamespacedLease({ namespace, name }),
          );
        }),
      ),
    create: (claim, signal) =>
      unlessConflict(
        call(OPERATIONS.create_lease, async () => {
          const request = { namespace, body: body(claim, {}) };
          return written(claim, name, await (await api(signal)).createNamespacedLease(request));
        }),
        [409],
      ),
    update: (lease, claim, signal) =>
      unlessConflict(
        call(OPERATIONS.update_lease, async () => {
          const request = { namespace, name, body: body(claim, metadataOf(lease)) };
          return written(claim, name, await (await api(signal)).replaceNamespacedLease(request));
        }),
        [409, 404], // 404: removed since it was read.
      ),
    watch: ({ onSeen, sleep, ...options }) => {
      const path = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
      const watched = { operation: OPERATIONS.watch_lease, path, name };
      return watch(watched, {
        ...options,
        connection,
        sleep: (ms) => sleep(ms, options.signal),
        onChange: ({ object }) =>
          onSeen(object === undefined ? undefined : parseLease(name, object)),
      });
    },
  };
}

/** Version and uid say which one is replaced; the rest is kept as it is. */
function metadataOf({ metadata }: Lease): V1ObjectMeta {
  const given = Object.entries(metadata).filter(([, value]) => value !== null);
  return Object.fromEntries(given) as V1ObjectMeta;
}

/** A 200 that does not say what was written is somebody else's, such as a proxy's. */
function written(claim: Claim, name: string, object: unknown): Lease {
  const lease = parseLease(name, object);
  if (lease.holder === claim.holder) return lease;
  throw new TypeError(`The answer is no Lease "${name}" as it was written`);
}

async function unlessConflict(
  wrote: Promise<Lease>,
  conflicts: readonly ApiError["code"][],
): Promise<Lease | "conflict"> {
  try {
    return await wrote;
  } catch (error) {
    if (error instanceof ApiError && conflicts.includes(error.code)) return "conflict";
    throw error;
  }
}
