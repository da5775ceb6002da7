import { expect, test } from "bun:test";
import { createContainer } from "./container.ts";

const plan = { originalPort: 8080, proxyPort: 18_080, gracePeriodSeconds: 45, native: false };

test("createContainer() tells the sidecar its ports and grace period", () => {
  const { image, args, ports } = createContainer(plan, "registry.example.com/proxy:1");
  expect(image).toBe("registry.example.com/proxy:1");
  expect(args).toEqual([
    "--original-port=8080",
    "--proxy-port=18080",
    "--termination-grace-period-seconds=45",
  ]);
  expect(ports).toEqual([{ name: "metrics-proxy", containerPort: 18_080, protocol: "TCP" }]);
});

test("createContainer() makes a native sidecar by restartPolicy, and only then", () => {
  expect(createContainer(plan, "p:1")).not.toHaveProperty("restartPolicy");
  expect(createContainer({ ...plan, native: true }, "p:1").restartPolicy).toBe("Always");
});

test("createContainer() meets Pod Security restricted and has no probe and resources that hold", () => {
  const container = createContainer(plan, "p:1");
  expect(container.securityContext).toEqual({
    allowPrivilegeEscalation: false,
    capabilities: { drop: ["ALL"] },
    readOnlyRootFilesystem: true,
    runAsGroup: 65_532,
    runAsNonRoot: true,
    runAsUser: 65_532,
    seccompProfile: { type: "RuntimeDefault" },
  });
  expect(container.resources).toEqual({
    requests: { cpu: "10m", memory: "32Mi" },
    limits: { memory: "128Mi" },
  });
  for (const probe of ["livenessProbe", "readinessProbe", "startupProbe", "lifecycle"]) {
    expect(container).not.toHaveProperty(probe);
  }
});
