/** The few calls to the API server that the webhook makes, through the generated client. */
import type { V1MutatingWebhookConfiguration, V1Secret, V1Service } from "@kubernetes/client-node";
import {
  call,
  configureClient,
  named,
  type Operation,
  optional,
  TIMEOUT_MS,
} from "../../shared/cluster/api.ts";
import type { Connection } from "../../shared/cluster/connection.ts";
import type { ServerVersion } from "../native.ts";
import type { ServiceFacts, ServicePort } from "../port-name.ts";

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
export type OperationName = (typeof OPERATIONS)[number];

/** What the service account must be allowed, for a 403. */
const RIGHTS: Readonly<Record<OperationName, string>> = {
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

/** A call with the right that it needs. */
export function operation(name: OperationName): Operation {
  return { name, right: RIGHTS[name] };
}

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
  const configuration = await configureClient(connection, () => AbortSignal.timeout(timeoutMs));
  const core = new client.CoreV1Api(configuration);
  const admission = new client.AdmissionregistrationV1Api(configuration);
  const version = new client.VersionApi(configuration);
  const applying = client.setHeaderOptions("Content-Type", client.PatchStrategy.ServerSideApply);
  return {
    serverVersion: () =>
      call(operation("get_version"), async () => readVersion(await version.getCode())),
    listServices: (namespace) =>
      call(operation("list_services"), async () => {
        return (await core.listNamespacedService({ namespace })).items.map(readService);
      }),
    readSecret: (namespace, name) =>
      optional(
        call(operation("get_secret"), async () => {
          return named(name, await core.readNamespacedSecret({ namespace, name }));
        }),
      ),
    createSecret: (namespace, body) =>
      call(operation("create_secret"), () => core.createNamespacedSecret({ namespace, body })),
    replaceSecret: (namespace, body) => {
      const name = body.metadata?.name ?? "";
      return call(operation("update_secret"), () =>
        core.replaceNamespacedSecret({ namespace, name, body }),
      );
    },
    readConfiguration: (name) =>
      optional(
        call(operation("get_webhook_configuration"), async () => {
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
      return call(operation("patch_webhook_configuration"), () =>
        admission.patchMutatingWebhookConfiguration(request, applying),
      );
    },
  };
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
