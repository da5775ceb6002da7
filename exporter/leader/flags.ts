/** The flags of the election, under the names that Kubernetes' own components use, and what must hold between them. */
import { hasCluster, ownNamespace } from "../../shared/cluster/connection.ts";
import type { Flags, Values } from "../../shared/flags.ts";
import { duration, formatDuration, oneOf, parsed } from "../../shared/values.ts";
import { MAX_LEASE_DURATION_MS } from "./decide.ts";

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

const leaseName = parsed(
  "a name such as lb-exporter: lower-case letters, digits, - and ., at most 253 characters",
  (text) =>
    text.length <= 253 && text.split(".").every((part) => LABEL.test(part)) ? text : undefined,
);

const namespace = parsed(
  "a namespace: lower-case letters, digits and -, at most 63 characters",
  (text) => (text === "" || LABEL.test(text) ? text : undefined),
);

export const leaderFlags = {
  leaderElect: {
    flag: "leader-elect",
    placeholder: "true|false",
    default: "false",
    bare: "true",
    help: "Take turns with the other replicas: one collects, the others stand by (docs/leader-election.md).",
    schema: oneOf(["true", "false"]),
  },
  leaseName: {
    flag: "leader-elect-resource-name",
    placeholder: "NAME",
    default: "lb-exporter",
    help: "Name of the Lease that the replicas share.",
    schema: leaseName,
  },
  leaseNamespace: {
    flag: "leader-elect-resource-namespace",
    placeholder: "NAMESPACE",
    default: "",
    help: "Namespace of that Lease; without it, the pod's own.",
    schema: namespace,
  },
  leaseDuration: {
    flag: "leader-elect-lease-duration",
    placeholder: "DURATION",
    default: "15s",
    help: "How long the Lease of a leader that has vanished must stand still before another takes it.",
    schema: duration(1000, MAX_LEASE_DURATION_MS),
  },
  renewDeadline: {
    flag: "leader-elect-renew-deadline",
    placeholder: "DURATION",
    default: "10s",
    help: "How long a leader goes on without a renewal before it stops.",
    schema: duration(100, MAX_LEASE_DURATION_MS),
  },
  retryPeriod: {
    flag: "leader-elect-retry-period",
    placeholder: "DURATION",
    default: "2s",
    help: "Time from one renewal of the Lease, or one attempt, to the next.",
    schema: duration(50, MAX_LEASE_DURATION_MS),
  },
  kubeconfig: {
    flag: "kubeconfig",
    placeholder: "FILE",
    default: "",
    help: "Kubeconfig to reach the API server by; without it, the pod's service account.",
    schema: parsed("a path", (text) => text),
  },
} as const satisfies Flags;

export type LeaderFlags = Values<typeof leaderFlags>;

/** As client-go demands it: a renewal is tried at least twice before the deadline, jitter included. */
const JITTER = 1.2;

/** What is wrong between the flags: one message per problem. Nothing is, where nobody is to be elected. */
export function checkLeaderFlags(values: LeaderFlags): readonly string[] {
  const { leaseDuration, renewDeadline, retryPeriod } = values;
  if (values.leaderElect !== "true") return [];
  const problems: string[] = [];
  if (leaseDuration % 1000 !== 0) {
    problems.push(`${given("leaseDuration", values)}: must be whole seconds, as a Lease holds it`);
  }
  if (leaseDuration <= renewDeadline) {
    problems.push(
      `${given("leaseDuration", values)}: must be more than the --leader-elect-renew-deadline of ${formatDuration(renewDeadline)}`,
    );
  }
  if (renewDeadline <= JITTER * retryPeriod) {
    problems.push(
      `${given("renewDeadline", values)}: must be more than ${JITTER} times the --leader-elect-retry-period of ${formatDuration(retryPeriod)}`,
    );
  }
  return problems;
}

function given(key: "leaseDuration" | "renewDeadline", values: LeaderFlags): string {
  return `--${leaderFlags[key].flag} "${formatDuration(values[key])}"`;
}

export interface Place {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Directory of the service account. Default: where a pod finds it. */
  readonly serviceAccount?: string;
}

/** Where the Lease is, or what to do so that it can be found: one message per problem. */
export function locateLease(
  { leaderElect, leaseName: name, leaseNamespace, kubeconfig }: LeaderFlags,
  { env, serviceAccount }: Place,
):
  | { readonly kind: "off" }
  | { readonly kind: "lease"; readonly namespace: string; readonly name: string }
  | { readonly kind: "problems"; readonly problems: readonly string[] } {
  if (leaderElect !== "true") return { kind: "off" };
  const problems: string[] = [];
  if (!hasCluster({ env, kubeconfig })) {
    problems.push(
      "--leader-elect: needs an API server, and this is no pod: give --kubeconfig, or leave it out where there is one replica",
    );
  }
  const found = leaseNamespace || ownNamespace(serviceAccount);
  if (found !== undefined && problems.length === 0)
    return { kind: "lease", namespace: found, name };
  if (found === undefined) {
    problems.push(
      "--leader-elect-resource-namespace: is needed, since there is no service account that tells the pod's own",
    );
  }
  return { kind: "problems", problems };
}

/** The identity of this process among the replicas: host name (the pod's name) and something random. */
export function createIdentity(
  hostname: string,
  uuid: () => string = () => crypto.randomUUID(),
): string {
  return `${hostname}_${uuid()}`;
}
