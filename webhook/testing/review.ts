/** Builds pods and AdmissionReviews for the tests. */

export type Json = Readonly<Record<string, unknown>>;

/** A pod as the API server hands it to a webhook, opted in unless `annotations` says otherwise. */
export function createPod(
  parts: { annotations?: unknown; spec?: Json; metadata?: Json } = {},
): Json {
  const { annotations = { "prometheus.io/wait": "true" }, spec = {}, metadata = {} } = parts;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { generateName: "shop-7d4b9-", labels: { app: "shop" }, annotations, ...metadata },
    spec: {
      containers: [
        { name: "shop", image: "shop:1", ports: [{ containerPort: 9090, protocol: "TCP" }] },
      ],
      restartPolicy: "Always",
      terminationGracePeriodSeconds: 30,
      ...spec,
    },
  };
}

/** The review of that object's creation. */
export function createReview(object: unknown, request: Json = {}): Json {
  return {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      uid: "0df28fbd-5f5f-11e8-bc74-36e6bb280816",
      kind: { group: "", version: "v1", kind: "Pod" },
      resource: { group: "", version: "v1", resource: "pods" },
      namespace: "shop",
      operation: "CREATE",
      userInfo: { username: "admin" },
      object,
      oldObject: null,
      dryRun: false,
      ...request,
    },
  };
}
