/** Service account or kubeconfig -> requests to the API server, whose certificate is always verified. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { KubeConfig, RequestContext } from "@kubernetes/client-node";
import { formatAddress } from "../http.ts";

/** Where a pod finds its service account. */
export const SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

export interface Source {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Directory with token, ca.crt and namespace; default {@link SERVICE_ACCOUNT}. */
  readonly serviceAccount?: string;
  /** A kubeconfig, which is taken before the service account. */
  readonly kubeconfig?: string;
}

/** How the API server is reached. */
export interface Connection {
  /** `https://host:port`. */
  readonly server: string;
  /** Sends one request, with credentials. Rejects where no answer comes. */
  send(request: ApiRequest): Promise<Response>;
}

export interface ApiRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly signal: AbortSignal;
}

/** Whether there is a cluster to talk to. */
export function hasCluster({ env, kubeconfig = "" }: Source): boolean {
  return kubeconfig !== "" || Boolean(env.KUBERNETES_SERVICE_HOST);
}

/** The namespace that the pod runs in, or `undefined` outside a cluster. */
export function ownNamespace(serviceAccount: string = SERVICE_ACCOUNT): string | undefined {
  try {
    return readFileSync(join(serviceAccount, "namespace"), "utf8").trim() || undefined;
  } catch {
    return undefined; // Not in a pod, or without a service account's token.
  }
}

/**
 * Connects by the kubeconfig or the service account. Throws where neither can be used. The client is
 * loaded here: it takes 10 MiB, and most processes never call the API.
 */
export async function connect(source: Source): Promise<Connection> {
  const { HttpMethod, KubeConfig, RequestContext } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  if (source.kubeconfig) config.loadFromFile(source.kubeconfig);
  else loadServiceAccount(config, source);
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    throw new TypeError(`${source.kubeconfig}: names no cluster in its current context`);
  }
  const tls = tlsOf(config);
  return {
    server: cluster.server,
    send: async ({ method, url, headers, body, signal }) => {
      const context: RequestContext = new RequestContext(url, HttpMethod.GET);
      // Reads the token's file again about once a minute: the kubelet renews it.
      await config.applySecurityAuthentication(context);
      return await fetch(url, {
        method,
        headers: { ...headers, ...context.getHeaders() },
        ...(body !== undefined && { body }),
        signal,
        tls,
        redirect: "manual",
        // An in-cluster address: a proxy for the outside cannot reach it.
        proxy: false,
      } as BunFetchRequestInit);
    },
  };
}

/** As the client's own loadFromCluster, but from where the caller says. */
function loadServiceAccount(config: KubeConfig, { env, serviceAccount }: Source): void {
  const directory = serviceAccount ?? SERVICE_ACCOUNT;
  const { KUBERNETES_SERVICE_HOST: host = "", KUBERNETES_SERVICE_PORT: port = "443" } = env;
  if (host === "") {
    throw new TypeError("KUBERNETES_SERVICE_HOST is not set: this is no pod, so give --kubeconfig");
  }
  const server = `https://${formatAddress({ host, port: Number(port) })}`;
  const name = "in-cluster";
  const tokenFile = join(directory, "token");
  config.loadFromClusterAndUser(
    { name, server, caFile: join(directory, "ca.crt"), skipTLSVerify: false },
    { name, authProvider: { name: "tokenFile", config: { tokenFile } } },
  );
}

/** Bun's fetch takes the authorities itself; the client's own way of giving them is lost on it. */
function tlsOf(config: KubeConfig) {
  const cluster = config.getCurrentCluster();
  const user = config.getCurrentUser();
  const ca = pem(cluster?.caFile, cluster?.caData);
  const cert = pem(user?.certFile, user?.certData);
  const key = pem(user?.keyFile, user?.keyData);
  return {
    // As kubectl takes it: insecure-skip-tls-verify, which only a kubeconfig can say.
    rejectUnauthorized: !cluster?.skipTLSVerify,
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  };
}

function pem(file: string | undefined, data: string | undefined): string | undefined {
  if (data) return Buffer.from(data, "base64").toString();
  return file ? readFileSync(file, "utf8") : undefined;
}
