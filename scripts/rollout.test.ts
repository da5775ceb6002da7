/** rollout.sh, by way of deploy.sh: why a rollout does not come to its end. */
import { describe, expect, test } from "bun:test";
import { deploy } from "./testing/deploy.ts";

describe("deploy.sh, a rollout that does not come to its end", () => {
  test.each([
    ["waiting:ImagePullBackOff", "ImagePullBackOff: the image cannot be pulled."],
    ["waiting:CreateContainerConfigError", "a Secret or a key of it is missing."],
    ["waiting:ContainerCreating", "a volume cannot be mounted"],
    ["Unschedulable", "no node has room for the pod"],
    ["OOMKilled\ncode:137", "the memory limit is too low"],
    ["waiting:CrashLoopBackOff\ncode:78", "Exit code 78: the configuration is refused"],
    ["code:1", "Exit code 1: a listener or something internal failed"],
    ["waiting:\ncode:\nready:false,running:2026-11-25T13:00:00Z", "lb-exporter check"],
    ["", "There is no pod.*\n    kubectl describe replicaset"],
    ["pod:lb-exporter-1", "kubectl describe pods"],
  ])("%j is explained, and ends with 1", async (states, explanation) => {
    const { code, stdout } = await deploy({
      args: ["staging", "deploy"],
      answers: [
        { when: "rollout status *", err: "error: timed out\n", code: 1 },
        { when: "get pods * -o wide", out: "lb-exporter-1   0/1\n" },
        { when: "get pods * -o jsonpath=*", out: states },
        { when: "get events *", out: "Failed to pull image\n" },
        { when: "logs *", out: "level=ERROR msg=refused\n" },
      ],
    });
    for (const text of ["lb-exporter-1   0/1", "Failed to pull image", "msg=refused"]) {
      expect(stdout).toContain(text);
    }
    expect(stdout).toMatch(new RegExp(`Likely reasons:\\n- [^]*${explanation}`));
    expect(stdout).toContain("kubectl rollout undo deployment/lb-exporter -n monitoring-staging");
    expect(code).toBe(1);
  });
});
