/** A pod as large as is asked for, with what makes real ones large: variables, volumes, managedFields. */

/** A pod of a ReplicaSet with as many variables, and a fifth of its bytes in one annotation. */
export function createPod(variables: number, bytes: number) {
  const annotations = {
    "prometheus.io/scrape": "true",
    "prometheus.io/port": "8080",
    "prometheus.io/wait": "true",
    "shop.example.com/routes": createConfiguration(bytes / 5),
  };
  const labels = { app: "checkout", "pod-template-hash": "7d4b9c6f58", team: "payments" };
  const count = 1 + Math.floor(variables / 100);
  const each = Math.ceil(variables / count);
  const containers = Array.from({ length: count }, (_, i) => createContainer(i, each));
  const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "checkout-7d4b9c6f58" };
  return {
    kind: "Pod",
    apiVersion: "v1",
    metadata: {
      generateName: "checkout-7d4b9c6f58-",
      namespace: "shop",
      creationTimestamp: null,
      labels,
      annotations,
      ownerReferences: [
        {
          ...owner,
          uid: "6f0f1b0a-6a0b-4c7f-8a0e-0c6f5d1f7a2b",
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
      managedFields: [createManagedFields({ annotations, labels }, containers)],
    },
    spec: {
      volumes: createVolumes(variables),
      containers,
      restartPolicy: "Always",
      terminationGracePeriodSeconds: 30,
      dnsPolicy: "ClusterFirst",
      serviceAccountName: "checkout",
      serviceAccount: "checkout",
      securityContext: { runAsNonRoot: true, fsGroup: 65532 },
      schedulerName: "default-scheduler",
      tolerations: ["not-ready", "unreachable"].map((condition) => ({
        key: `node.kubernetes.io/${condition}`,
        operator: "Exists",
        effect: "NoExecute",
        tolerationSeconds: 300,
      })),
      priority: 0,
      enableServiceLinks: true,
      preemptionPolicy: "PreemptLowerPriority",
    },
    status: {},
  };
}

/** JSON within JSON, as in an annotation: its quotes and line breaks are escapes. */
function createConfiguration(bytes: number): string {
  const routes: object[] = [];
  for (let length = 0; length < bytes; length += 190) {
    const path = `/api/v1/orders/${routes.length}`;
    routes.push({
      path,
      methods: ["GET", "POST"],
      timeout: "5s",
      note: "most load in the morning",
    });
  }
  return JSON.stringify(routes, null, 2);
}

function createContainer(index: number, variables: number) {
  const port = { name: "http", containerPort: 8080 + index, protocol: "TCP" };
  const probe = { httpGet: { path: "/ready", port: "http", scheme: "HTTP" }, periodSeconds: 10 };
  return {
    name: `checkout-${index}`,
    image: "registry.example.com/shop/checkout:2.14.3@sha256:".padEnd(113, "4f1c"),
    args: ["--config=/etc/checkout/config.yaml", "--log-level=info"],
    ports: [port],
    env: Array.from({ length: variables }, (_, i) => createVariable(i)),
    resources: { limits: { memory: "512Mi" }, requests: { cpu: "250m", memory: "256Mi" } },
    volumeMounts: [
      { name: "config-0", mountPath: "/etc/checkout", readOnly: true },
      { name: "token", mountPath: "/var/run/secrets/kubernetes.io/serviceaccount", readOnly: true },
    ],
    livenessProbe: { ...probe, failureThreshold: 3 },
    readinessProbe: { ...probe, timeoutSeconds: 1 },
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    imagePullPolicy: "IfNotPresent",
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
  };
}

/** A third each: a value, one of a Secret, one of the pod itself. */
function createVariable(index: number) {
  const name = `CHECKOUT_SETTING_${index}`;
  if (index % 3 === 0)
    return { name, value: `http://service-${index}.shop.svc.cluster.local:8080/` };
  if (index % 3 === 1) {
    return { name, valueFrom: { secretKeyRef: { name: "checkout", key: `setting-${index}` } } };
  }
  return { name, valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "metadata.name" } } };
}

function createVolumes(variables: number) {
  const audience = { expirationSeconds: 3607, path: "token" };
  const items = [{ key: "ca.crt", path: "ca.crt" }];
  const sources = [
    { serviceAccountToken: audience },
    { configMap: { name: "kube-root-ca.crt", items } },
  ];
  const configurations = Array.from({ length: 1 + Math.floor(variables / 20) }, (_, i) => ({
    name: `config-${i}`,
    configMap: { name: `checkout-config-${i}`, defaultMode: 420 },
  }));
  return [...configurations, { name: "token", projected: { sources, defaultMode: 420 } }];
}

/** Who set what, in the API server's notation: it names every variable once more. */
function createManagedFields(
  metadata: Readonly<Record<string, object>>,
  containers: readonly ReturnType<typeof createContainer>[],
) {
  const fieldsOf = ({ name, env, ...others }: (typeof containers)[number]) => [
    named(name),
    {
      ...set(["name", ...Object.keys(others)]),
      "f:env": Object.fromEntries(
        env.map((variable) => [named(variable.name), set(Object.keys(variable))]),
      ),
    },
  ];
  const keysOf = Object.entries(metadata).map(([name, map]) => [
    `f:${name}`,
    set(Object.keys(map)),
  ]);
  return {
    manager: "kube-controller-manager",
    operation: "Update",
    apiVersion: "v1",
    time: "2026-11-25T06:37:28Z",
    fieldsType: "FieldsV1",
    fieldsV1: {
      "f:metadata": Object.fromEntries(keysOf),
      "f:spec": {
        "f:containers": Object.fromEntries(containers.map(fieldsOf)),
        ...set(["dnsPolicy", "restartPolicy", "schedulerName", "securityContext", "volumes"]),
      },
    },
  };
}

/** That these members are set. */
function set(keys: readonly string[]) {
  return Object.fromEntries([[".", {}], ...keys.map((key) => [`f:${key}`, {}])]);
}

/** The key of the list item of that name. */
function named(name: string): string {
  return `k:{"name":${JSON.stringify(name)}}`;
}
