/**
 * Bytes -> the request of an AdmissionReview, and a verdict -> the AdmissionReview that answers it.
 * https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
 */
import { z } from "zod";
import type { Operation } from "./patch.ts";
import { describeIssue, quote } from "./wording.ts";

const API_VERSION = "admission.k8s.io/v1";
const KIND = "AdmissionReview";

/** Why a body was not taken as an AdmissionReview. */
export const REJECT_REASONS = [
  "body_too_large",
  "body_incomplete",
  "not_json",
  "not_a_review",
  "unsupported_version",
  "invalid_review",
] as const;

export type RejectReason = (typeof REJECT_REASONS)[number];

/** A body that is no AdmissionReview v1: there is no uid to answer to, so it is a plain HTTP error. */
export class ReviewError extends Error {
  override readonly name = "ReviewError";
  readonly reason: RejectReason;
  readonly status: 400 | 413;
  constructor(reason: RejectReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
    this.status = reason === "body_too_large" ? 413 : 400;
  }
}

const headSchema = z.object({ apiVersion: z.string(), kind: z.literal(KIND) });

const requestSchema = z.object({
  uid: z.string().min(1),
  operation: z.string(),
  kind: z.object({ group: z.string().default(""), kind: z.string() }),
  subResource: z.string().nullish(),
  namespace: z.string().nullish(),
  name: z.string().nullish(),
  dryRun: z.boolean().nullish(),
  // Read further only where the pod is known to have opted in.
  object: z.unknown().optional(),
});

const reviewSchema = z.object({ request: requestSchema });

/** What the API server asks about. */
export type AdmissionRequest = z.infer<typeof requestSchema>;

/** Reads an AdmissionReview v1. Throws {@link ReviewError} with a reason for whoever sent it. */
export function readReview(body: Uint8Array): AdmissionRequest {
  const json = parseJson(body);
  const head = headSchema.safeParse(json);
  if (!head.success) {
    throw new ReviewError("not_a_review", `not an AdmissionReview: ${describeIssue(head.error)}`);
  }
  if (head.data.apiVersion !== API_VERSION) {
    const message = `apiVersion ${quote(head.data.apiVersion)} is not spoken here, only ${API_VERSION}: set admissionReviewVersions to ["v1"]`;
    throw new ReviewError("unsupported_version", message);
  }
  const review = reviewSchema.safeParse(json);
  if (!review.success) {
    throw new ReviewError("invalid_review", `invalid ${KIND}: ${describeIssue(review.error)}`);
  }
  return review.data.request;
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (cause) {
    throw new ReviewError("not_json", "the body is not JSON in UTF-8", { cause });
  }
}

/** An answer as the API server reads it. */
export interface AdmissionAnswer {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: typeof KIND;
  readonly response: {
    readonly uid: string;
    readonly allowed: boolean;
    /** `metav1.Status`: shown to the user where not allowed, to the reader of a test otherwise. */
    readonly status: { readonly code: number; readonly reason?: string; readonly message: string };
    /** Shown by kubectl, each as one line. */
    readonly warnings?: readonly string[];
    readonly patchType?: "JSONPatch";
    /** Base64 of the JSON Patch. */
    readonly patch?: string;
  };
}

/** Lets the request pass, with a patch or as it is. `message` says why. */
export function allow(
  uid: string,
  answer: {
    readonly message: string;
    readonly warnings?: readonly string[];
    readonly patch?: readonly Operation[];
  },
): AdmissionAnswer {
  const { message, warnings, patch } = answer;
  return {
    apiVersion: API_VERSION,
    kind: KIND,
    response: {
      uid,
      allowed: true,
      status: { code: 200, message },
      ...(warnings && warnings.length > 0 && { warnings: warnings.map(fitting) }),
      ...(patch && { patchType: "JSONPatch", patch: encode(patch) }),
    },
  };
}

/** The API server cuts a warning at 256 characters, and leaves out what follows 4096 of all of them. */
const MAX_WARNING_CHARACTERS = 256;

function fitting(warning: string): string {
  if (warning.length <= MAX_WARNING_CHARACTERS) return warning;
  return `${warning.slice(0, MAX_WARNING_CHARACTERS - 1)}…`;
}

/** Refuses the request: 422, as the API server itself answers what it can read but not accept. */
export function deny(uid: string, message: string): AdmissionAnswer {
  const status = { code: 422, reason: "Invalid", message };
  return { apiVersion: API_VERSION, kind: KIND, response: { uid, allowed: false, status } };
}

function encode(patch: readonly Operation[]): string {
  return Buffer.from(JSON.stringify(patch)).toString("base64");
}
