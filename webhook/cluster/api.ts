/** The few calls to the API server that the webhook makes, through the generated client. */
import type { V1MutatingWebhookConfiguration, V1Secret, V1Service } from "@kubernetes/client-node";
import type { ServerVersion } from "../native.ts";
import type { ServiceFacts, ServicePort } from "../port-name.ts";
import type { Connection } from "./connection.ts";

/** What the API server would not do, or that it did not answer. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly operation: Operation;
  /** Status code, or why there is none. */
  readonly code: number | "timeout" | "unreachable";
  constructor(
    about: { readonly operation: Operation; readonly code: ApiError["code"] },
    message: string,
    options?: ErrorOptions,
  ) {
    super(`${about.operation}: ${message}`, options);
    this.operation = about.operation;
    this.code = about.code;
  }
}

/** The calls, as metrics and messages name them. */
export const OPERATIONS = [
  "get_version",
  "list_services",
  "get_secret",
  "create_secret",
  "update_secret",
  "watch_secret",
  "get_webhook_configuration",
  "patch_webhook_configuration",
  "watch_webhook_configuration",
] as const;
export type Operation = (typeof OPERATIONS)[number];

/** What the service account must be allowed, for a 403. */
const RIGHTS: Readonly<Record<Operation, string>> = {
  get_version: "get /version",
  list_services: "list services",
  get_secret: "get secrets in its namespace",
  create_secret: "create secrets in its namespace",
  update_secret: "update secrets in its namespace",
  watch_secret: "list and watch secrets in its namespace",
  get_webhook_configuration: "get mutatingwebhookconfigurations.admissionregistration.k8s.io",
  patch_webhook_configuration: "patch mutatingwebhookconfigurations.admissionregistration.k8s.io",
  watch_webhook_configuration:
    "list and watch mutatingwebhookconfigurations.admissionregistration.k8s.io",
};

/** How long an answer is waited for, in milliseconds; a watch is another matter. */
export const TIMEOUT_MS = 5000;

/** Who owns what is applied: the fields of nobody else are touched. */
export const FIELD_MANAGER = "prometheus-metrics-proxy-hook";

/** The API server, as far as it is needed. Everything rejects with an {@link ApiError}. */
export interface Cluster {
  serverVersion(): Promise<ServerVersion>;
  listServices(namespace: string): Promise<readonly ServiceFacts[]>;
  /** `undefined` where there is none. */
  readSecret(namespace: string, name: string): Promise<V1Secret | undefined>;
  /** Code 409 where there is one already. */
  createSecret(namespace: string, secret: V1Secret): Promise<V1Secret>;
  /** Code 409 where it is not the version that was read. */
  replaceSecret(namespace: string, secret: V1Secret): Promise<V1Secret>;
  /** `undefined` where there is none. */
  readConfiguration(name: string): Promise<V1MutatingWebhookConfiguration | undefined>;
  /**
   * Sets the caBundle of all webhooks by server-side apply. `bundle` is PEM. Code 409 where the
   * configuration is not the one that was read, or gone: nothing is created.
   */
  applyBundle(
    read: V1MutatingWebhookConfiguration,
    bundle: string,
  ): Promise<V1MutatingWebhookConfiguration>;
}

/** Makes the clients. Nothing is asked yet. */
export async function createCluster(
  connection: Connection,
  { timeoutMs = TIMEOUT_MS }: { readonly timeoutMs?: number } = {},
): Promise<Cluster> {
  const client = await import("@kubernetes/client-node");
  const configuration = client.createConfiguration({
    baseServer: new client.ServerConfiguration(connection.server, {}),
    httpApi: client.wrapHttpLibrary({
      send: async (request) => {
        const answer = await connection.send({
          method: request.getHttpMethod(),
          url: request.getUrl(),
          headers: request.getHeaders(),
          body: request.getBody() as string | undefined,
          signal: AbortSignal.timeout(timeoutMs),
        });
        const bytes = Buffer.from(await answer.arrayBuffer());
        return new client.ResponseContext(
          answer.status,
          Object.fromEntries(answer.headers as unknown as Iterable<[string, string]>),
          new client.SelfDecodingBody(Promise.resolve(bytes)),
        );
      },
    }),
    authMethods: {},
  });
  const core = new client.CoreV1Api(configuration);
  const admission = new client.AdmissionregistrationV1Api(configuration);
  const version = new client.VersionApi(configuration);
  const applying = client.setHeaderOptions("Content-Type", client.PatchStrategy.ServerSideApply);
  return {
    serverVersion: () => call("get_version", async () => readVersion(await version.getCode())),
    listServices: (namespace) =>
      call("list_services", async () => {
        return (await core.listNamespacedService({ namespace })).items.map(readService);
      }),
    readSecret: (namespace, name) =>
      optional(
        call("get_secret", async () => {
          return named(name, await core.readNamespacedSecret({ namespace, name }));
        }),
      ),
    createSecret: (namespace, body) =>
      call("create_secret", () => core.createNamespacedSecret({ namespace, body })),
    replaceSecret: (namespace, body) => {
      const name = body.metadata?.name ?? "";
      return call("update_secret", () => core.replaceNamespacedSecret({ namespace, name, body }));
    },
    readConfiguration: (name) =>
      optional(
        call("get_webhook_configuration", async () => {
          return named(name, await admission.readMutatingWebhookConfiguration({ name }));
        }),
      ),
    applyBundle: ({ metadata, webhooks = [] }, bundle) => {
      const { name = "", uid, resourceVersion } = metadata ?? {};
      const caBundle = Buffer.from(bundle).toString("base64");
      const body = {
        apiVersion: "admissionregistration.k8s.io/v1",
        kind: "MutatingWebhookConfiguration",
        metadata: { name, uid, resourceVersion },
        webhooks: webhooks.map((webhook) => ({ name: webhook.name, clientConfig: { caBundle } })),
      };
      const request = { name, body, fieldManager: FIELD_MANAGER, force: true };
      return call("patch_webhook_configuration", () =>
        admission.patchMutatingWebhookConfiguration(request, applying),
      );
    },
  };
}

/** Gives every failure the same form. */
export async function call<T>(operation: Operation, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    throw toApiError(operation, cause);
  }
}

/** A failure of the client or of the network. */
export function toApiError(operation: Operation, cause: unknown): ApiError {
  if (cause instanceof ApiError) return cause;
  const code = typeof cause === "object" && cause !== null && "code" in cause ? cause.code : 0;
  if (typeof code === "number" && code >= 400) return answered(operation, code, cause);
  if (cause instanceof Error && cause.name === "TimeoutError") {
    return new ApiError({ operation, code: "timeout" }, "no answer in time");
  }
  const about = { operation, code: "unreachable" } as const;
  return new ApiError(about, "the API server cannot be reached", { cause });
}

/** The answers that somebody has to do something about say what. */
export function answered(operation: Operation, code: number, cause?: unknown): ApiError {
  const hints: Readonly<Record<number, string>> = {
    401: "the API server does not accept the token: is the ServiceAccount still there?",
    403: `the ServiceAccount may not ${RIGHTS[operation]}: allow it by a Role or ClusterRole`,
    409: "somebody else has changed it",
  };
  // The body of the answer may hold what was sent, keys included, so it is never part of a message.
  const text = hints[code] ?? `answered with status ${code}`;
  return new ApiError({ operation, code }, text, code in hints ? {} : { cause: statusOf(cause) });
}

/** The reason word of a `Status`, such as `Invalid` or `InternalError`. */
function statusOf(cause: unknown): Error | undefined {
  const body = typeof cause === "object" && cause !== null && "body" in cause ? cause.body : {};
  const reason = typeof body === "object" && body !== null && "reason" in body ? body.reason : "";
  return typeof reason === "string" && reason !== "" ? new Error(reason) : undefined;
}

async function optional<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof ApiError && error.code === 404) return undefined;
    throw error;
  }
}

/** The client takes whatever comes with a 200, and a proxy's page must not be taken for an empty Secret. */
function named<T extends { readonly metadata?: { readonly name?: string } }>(
  name: string,
  object: T,
): T {
  if (object.metadata?.name === name) return object;
  throw new TypeError(`The answer is no object named "${name}"`);
}

/** Managed clusters write `32+` for a minor version of their own. */
export function readVersion({ major, minor }: { major: string; minor: string }): ServerVersion {
  const version = { major: Number.parseInt(major, 10), minor: Number.parseInt(minor, 10) };
  if (Number.isNaN(version.major + version.minor)) {
    throw new TypeError(`The API server tells a version that is none: "${major}.${minor}"`);
  }
  return version;
}

function readService({ metadata, spec }: V1Service): ServiceFacts {
  return {
    name: metadata?.name ?? "",
    selector: spec?.selector ?? {},
    type: spec?.type ?? "ClusterIP",
    ports: (spec?.ports ?? []).map((one): ServicePort => {
      const { name, port, targetPort, appProtocol } = one;
      return {
        port,
        ...(name !== undefined && { name }),
        ...(targetPort !== undefined && { targetPort }),
        ...(appProtocol !== undefined && { appProtocol }),
      };
    }),
  };
}
