/** The profile restricted, control by control. */
import { describe, expect, test } from "bun:test";
import { checkPodSecurity } from "./pod-security.ts";
import { CONTAINER, FIELD, fieldsOf, type Row } from "./testing/change.ts";

describe("checkPodSecurity()", () => {
  test("finds nothing where all is well", () => expect(fieldsOf(checkPodSecurity, [])).toEqual([]));

  test.each<Row>([
    [
      "the network of the host",
      [["Deployment", "/spec/template/spec/hostNetwork", true]],
      ["spec.template.spec.hostNetwork"],
    ],
    [
      "the processes of the host",
      [["Deployment", "/spec/template/spec/hostPID", true]],
      ["spec.template.spec.hostPID"],
    ],
    [
      "the IPC of the host",
      [["Deployment", "/spec/template/spec/hostIPC", true]],
      ["spec.template.spec.hostIPC"],
    ],
    [
      "a sysctl that is not safe",
      [
        [
          "Deployment",
          "/spec/template/spec/securityContext/sysctls",
          [{ name: "kernel.msgmax", value: "1" }],
        ],
      ],
      ["spec.template.spec.securityContext.sysctls"],
    ],
    [
      "a pod that may be root",
      [["Deployment", "/spec/template/spec/securityContext/runAsNonRoot"]],
      [`${FIELD}.securityContext.runAsNonRoot`],
    ],
    [
      "a container that may be root again",
      [["Deployment", `${CONTAINER}/securityContext/runAsNonRoot`, false]],
      [`${FIELD}.securityContext.runAsNonRoot`],
    ],
    [
      "a pod of user 0",
      [["Deployment", "/spec/template/spec/securityContext/runAsUser", 0]],
      ["spec.template.spec.securityContext.runAsUser"],
    ],
    [
      "a container of user 0",
      [["Deployment", `${CONTAINER}/securityContext/runAsUser`, 0]],
      [`${FIELD}.securityContext.runAsUser`],
    ],
    [
      "no seccomp profile",
      [["Deployment", "/spec/template/spec/securityContext/seccompProfile"]],
      [`${FIELD}.securityContext.seccompProfile.type`],
    ],
    [
      "a container without seccomp",
      [["Deployment", `${CONTAINER}/securityContext/seccompProfile`, { type: "Unconfined" }]],
      [`${FIELD}.securityContext.seccompProfile.type`],
    ],
    [
      "a privileged container",
      [["Deployment", `${CONTAINER}/securityContext/privileged`, true]],
      [`${FIELD}.securityContext.privileged`],
    ],
    [
      "an escalation that nobody forbids",
      [["Deployment", `${CONTAINER}/securityContext/allowPrivilegeEscalation`]],
      [`${FIELD}.securityContext.allowPrivilegeEscalation`],
    ],
    [
      "capabilities that are kept",
      [["Deployment", `${CONTAINER}/securityContext/capabilities`, { drop: ["NET_RAW"] }]],
      [`${FIELD}.securityContext.capabilities.drop`],
    ],
    [
      "a capability that is added",
      [
        [
          "Deployment",
          `${CONTAINER}/securityContext/capabilities/add`,
          ["NET_BIND_SERVICE", "SYS_PTRACE"],
        ],
      ],
      [`${FIELD}.securityContext.capabilities.add`],
    ],
    [
      "a /proc without masks",
      [["Deployment", `${CONTAINER}/securityContext/procMount`, "Unmasked"]],
      [`${FIELD}.securityContext.procMount`],
    ],
    [
      "a container without AppArmor",
      [["Deployment", `${CONTAINER}/securityContext/appArmorProfile`, { type: "Unconfined" }]],
      [`${FIELD}.securityContext.appArmorProfile.type`],
    ],
    [
      "another type of SELinux",
      [["Deployment", "/spec/template/spec/securityContext/seLinuxOptions", { type: "spc_t" }]],
      ["spec.template.spec.securityContext.seLinuxOptions.type"],
    ],
    [
      "a user of SELinux",
      [["Deployment", `${CONTAINER}/securityContext/seLinuxOptions`, { user: "root" }]],
      [`${FIELD}.securityContext.seLinuxOptions.user`],
    ],
    [
      "a container on a Windows host",
      [["Deployment", `${CONTAINER}/securityContext/windowsOptions`, { hostProcess: true }]],
      [`${FIELD}.securityContext.windowsOptions.hostProcess`],
    ],
    [
      "a port of the host",
      [["Deployment", `${CONTAINER}/ports/0/hostPort`, 80]],
      [`${FIELD}.ports.hostPort`],
    ],
    [
      "a directory of the host",
      [["Deployment", "/spec/template/spec/volumes/0", { name: "host", hostPath: { path: "/" } }]],
      ["spec.template.spec.volumes[host]"],
    ],
    [
      "a volume of another network",
      [
        [
          "Deployment",
          "/spec/template/spec/volumes/0",
          { name: "nfs", nfs: { server: "nas", path: "/" } },
        ],
      ],
      ["spec.template.spec.volumes[nfs]"],
    ],
    [
      "a probe of another host",
      [["Deployment", `${CONTAINER}/livenessProbe/httpGet/host`, "127.0.0.1"]],
      [`${FIELD}.livenessProbe.httpGet.host`],
    ],
    [
      "a hook to another host",
      [
        [
          "Deployment",
          `${CONTAINER}/lifecycle`,
          { preStop: { tcpSocket: { host: "db", port: 1 } } },
        ],
      ],
      [`${FIELD}.lifecycle.preStop.tcpSocket.host`],
    ],
    [
      "an init container as well",
      [["Deployment", "/spec/template/spec/initContainers", [{ name: "init", image: "init:1.0" }]]],
      [
        "spec.template.spec.initContainers[init].securityContext.allowPrivilegeEscalation",
        "spec.template.spec.initContainers[init].securityContext.capabilities.drop",
      ],
    ],
    [
      "a bare Pod as well",
      [
        [
          "add",
          "",
          {
            apiVersion: "v1",
            kind: "Pod",
            metadata: { name: "bare" },
            spec: { hostPID: true, containers: [] },
          },
        ],
      ],
      ["Pod bare: spec.hostPID"],
    ],
    [
      "a CronJob as well",
      [
        [
          "add",
          "",
          {
            apiVersion: "batch/v1",
            kind: "CronJob",
            metadata: { name: "nightly" },
            spec: {
              jobTemplate: { spec: { template: { spec: { hostPID: true, containers: [] } } } },
            },
          },
        ],
      ],
      ["CronJob nightly: spec.jobTemplate.spec.template.spec.hostPID"],
    ],
  ])("finds %s", (_what, changes, fields) =>
    expect(fieldsOf(checkPodSecurity, changes)).toEqual([...fields]),
  );
});
