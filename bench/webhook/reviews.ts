/** The admission reviews that are asked: pods as the API server sends them, the same bytes in every run. */

import { createPod } from "./pod.ts";

export interface Review {
  readonly name: string;
  readonly body: string;
  /** The whole request, head and body. */
  readonly request: Buffer;
}

/** Of the request that is reviewed: its answer names it. */
export const UID = "0df28fbd-5f5f-11e8-bc74-36e6bb280816";

/** The review of the bars: a pod of an ordinary Deployment. */
export const ORDINARY = "8 KB";

/** An ordinary pod, and one of the largest that are met: much of it configuration in an annotation. */
export function createReviews(): readonly Review[] {
  const reviews = [
    { name: ORDINARY, body: createBody(8_000) },
    { name: "200 KB", body: createBody(200_000) },
  ];
  const path = "/mutate?timeout=10s";
  return reviews.map(({ name, body }) => ({ name, body, request: requestBytes(path, body) }));
}

/** A request of the API server, whose own transport names these headers. */
export function requestBytes(path: string, body: string): Buffer {
  const head = [
    `POST ${path} HTTP/1.1`,
    "Host: prometheus-webhook.monitoring.svc",
    "User-Agent: kube-apiserver-admission",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Accept: application/json, */*",
    "Content-Type: application/json",
    "Accept-Encoding: gzip",
  ];
  return Buffer.from(`${head.join("\r\n")}\r\n\r\n${body}`);
}

/** An AdmissionReview in ASCII of at least so many bytes, and hardly more: the pod grows until it fits. */
export function createBody(bytes: number): string {
  let body = "";
  for (let size = 1; body.length < bytes; size += 1 + Math.floor(size / 64)) {
    body = JSON.stringify(createReview(createPod(size, bytes)));
  }
  return body;
}

function createReview(object: object) {
  const group = { group: "", version: "v1" };
  const username = "system:serviceaccount:kube-system:replicaset-controller";
  return {
    kind: "AdmissionReview",
    apiVersion: "admission.k8s.io/v1",
    request: {
      uid: UID,
      kind: { ...group, kind: "Pod" },
      resource: { ...group, resource: "pods" },
      requestKind: { ...group, kind: "Pod" },
      requestResource: { ...group, resource: "pods" },
      namespace: "shop",
      operation: "CREATE",
      userInfo: {
        username,
        uid: "f2f0a3c1-6c4b-4c60-9a0e-6d3b7ad31d57",
        groups: [
          "system:serviceaccounts",
          "system:serviceaccounts:kube-system",
          "system:authenticated",
        ],
      },
      object,
      oldObject: null,
      dryRun: false,
      options: { kind: "CreateOptions", apiVersion: "meta.k8s.io/v1" },
    },
  };
}
