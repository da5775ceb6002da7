/**
 * The profile "restricted" of the Pod Security Standards, whole, baseline included:
 * https://kubernetes.io/docs/concepts/security/pod-security-standards/
 */
import type { V1Volume } from "@kubernetes/client-node";
import { valueAt } from "../path.ts";
import type { KubernetesObject, Rendered } from "../render.ts";
import { containersOf } from "./containers.ts";
import type { Finding } from "./finding.ts";

/** A field, the values that it may have (`undefined`: it may be missing), and a word on them. */
type Control = readonly [field: string, allowed: readonly unknown[], words: string];

const NOT_TRUE = [undefined, false] as const;
const NO_HOST = [undefined, ""] as const;

const POD: readonly Control[] = [
  ["hostNetwork", NOT_TRUE, "false or missing"],
  ["hostPID", NOT_TRUE, "false or missing"],
  ["hostIPC", NOT_TRUE, "false or missing"],
];

const CONTAINER: readonly Control[] = [
  ["securityContext.privileged", NOT_TRUE, "false or missing"],
  ["securityContext.allowPrivilegeEscalation", [false], "false"],
  ["securityContext.procMount", [undefined, "Default"], "Default or missing"],
  ...["livenessProbe", "readinessProbe", "startupProbe", "lifecycle.postStart", "lifecycle.preStop"]
    .flatMap((handler) => [`${handler}.httpGet.host`, `${handler}.tcpSocket.host`])
    .map((field): Control => [field, NO_HOST, "missing: the pod itself"]),
];

/** Pods and their containers. */
const BOTH: readonly Control[] = [
  ["securityContext.windowsOptions.hostProcess", NOT_TRUE, "false or missing"],
  [
    "securityContext.appArmorProfile.type",
    [undefined, "RuntimeDefault", "Localhost"],
    "RuntimeDefault, Localhost or missing",
  ],
  [
    "securityContext.seLinuxOptions.type",
    [undefined, "", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"],
    "container_t, container_init_t, container_kvm_t, container_engine_t or missing",
  ],
  ["securityContext.seLinuxOptions.user", NO_HOST, "missing"],
  ["securityContext.seLinuxOptions.role", NO_HOST, "missing"],
];

/** What must be said by a container or, where it is silent, by its pod. */
const EITHER: readonly Control[] = [
  ["securityContext.runAsNonRoot", [true], "true, here or for the pod"],
  [
    "securityContext.seccompProfile.type",
    ["RuntimeDefault", "Localhost"],
    "RuntimeDefault or Localhost, here or for the pod",
  ],
];

const VOLUMES: readonly string[] = [
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "persistentVolumeClaim",
  "projected",
  "secret",
];

const SYSCTLS: readonly string[] = [
  "kernel.shm_rmid_forced",
  "net.ipv4.ip_local_port_range",
  "net.ipv4.ip_local_reserved_ports",
  "net.ipv4.ip_unprivileged_port_start",
  "net.ipv4.ping_group_range",
  "net.ipv4.tcp_fin_timeout",
  "net.ipv4.tcp_keepalive_intvl",
  "net.ipv4.tcp_keepalive_probes",
  "net.ipv4.tcp_keepalive_time",
  "net.ipv4.tcp_rmem",
  "net.ipv4.tcp_syncookies",
  "net.ipv4.tcp_wmem",
];

/** Where a pod or container is. */
interface At {
  readonly object: KubernetesObject;
  readonly field: string;
}

export function checkPodSecurity(rendered: Rendered): readonly Finding[] {
  return rendered.workloads().flatMap((workload) => {
    const { object, field, spec } = workload;
    const containers = containersOf(workload).flatMap((placed) => {
      const at = { object, field: placed.field };
      const { container } = placed;
      const inherited = EITHER.flatMap((control) => {
        const own = valueAt(container, control[0]);
        return judge(at, control, own ?? valueAt(spec, control[0]));
      });
      return [
        ...inherited,
        ...[...CONTAINER, ...BOTH].flatMap((one) => judge(at, one, valueAt(container, one[0]))),
        ...judgeUser(at, container),
        ...judgeCapabilities(at, container.securityContext?.capabilities),
        ...(container.ports ?? []).flatMap(({ hostPort }) =>
          judge(at, ["ports.hostPort", [undefined, 0], "missing"], hostPort),
        ),
      ];
    });
    const at = { object, field };
    return [
      ...[...POD, ...BOTH].flatMap((one) => judge(at, one, valueAt(spec, one[0]))),
      ...judgeUser(at, spec),
      ...(spec.securityContext?.sysctls ?? []).flatMap(({ name }) =>
        judge(at, ["securityContext.sysctls", SYSCTLS, SYSCTLS.join(", ")], name),
      ),
      ...(spec.volumes ?? []).flatMap((volume) => judgeVolume(at, volume)),
      ...containers,
    ];
  });
}

function judge(at: At, [field, allowed, words]: Control, value: unknown): readonly Finding[] {
  if (allowed.includes(value)) return [];
  return [{ object: at.object, field: `${at.field}.${field}`, value, allowed: words }];
}

function judgeUser(at: At, holder: unknown): readonly Finding[] {
  const field = "securityContext.runAsUser";
  const value = valueAt(holder, field);
  return value === 0 ? judge(at, [field, [], "any user but 0"], value) : [];
}

function judgeVolume(at: At, volume: V1Volume): readonly Finding[] {
  const [type = "emptyDir"] = Object.keys(volume).filter((key) => key !== "name");
  return judge(at, [`volumes[${volume.name}]`, VOLUMES, VOLUMES.join(", ")], type);
}

function judgeCapabilities(
  at: At,
  { add = [], drop = [] }: { readonly add?: string[]; readonly drop?: string[] } = {},
): readonly Finding[] {
  const field = "securityContext.capabilities";
  return [
    ...(drop.includes("ALL") ? [] : judge(at, [`${field}.drop`, [], '["ALL"]'], drop)),
    ...add.flatMap((one) =>
      judge(at, [`${field}.add`, ["NET_BIND_SERVICE"], "NET_BIND_SERVICE or none"], one),
    ),
  ];
}
