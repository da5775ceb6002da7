/** The webhook's flags: declared once, read by shared/config.ts, described by `--help`. */
import { isIP } from "node:net";
import type { Definition, Values } from "../shared/flags.ts";
import { logFlags } from "../shared/log.ts";
import {
  type BindAddress,
  bindAddress,
  duration,
  listenPort,
  nonEmpty,
  oneOf,
  parsed,
} from "../shared/values.ts";
import { ANNOTATIONS } from "./annotations.ts";
import { readCertificate } from "./certificates.ts";
import { COMMANDS } from "./manifest/commands.ts";
import { policyFlags, policyProblems } from "./policy.ts";

/** What the webhook's own objects are called, as the original's. */
export const OWN_NAME = "prometheus-metrics-proxy-hook";

const HOST_NAME = /^[a-zA-Z0-9](?:[a-zA-Z0-9.-]{0,252})$/;

/** An IP address, with or without the brackets of a URL, or a host name. */
function listenHost() {
  return parsed("an IP address or a host name, such as ::, 0.0.0.0 or localhost", (text) => {
    const bare = text.replace(/^\[(.+)\]$/, "$1");
    return isIP(bare) !== 0 || HOST_NAME.test(text) ? bare : undefined;
  });
}

/** A name of a Kubernetes object: an RFC 1123 subdomain. */
function objectName(allowEmpty = false) {
  return parsed("a name of lower-case letters, digits, - and .", (text) =>
    (allowEmpty && text === "") || /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/.test(text)
      ? text
      : undefined,
  );
}

const flags = {
  host: {
    flag: "host",
    placeholder: "ADDRESS",
    default: "::",
    help: "Address to take admission reviews on; :: is every address, IPv4 and IPv6.",
    schema: listenHost(),
  },
  port: {
    flag: "port",
    placeholder: "PORT",
    default: "9443",
    help: "TCP port to take admission reviews on (HTTPS, POST /mutate); 0 takes a free one.",
    schema: listenPort(),
  },
  certDir: {
    flag: "cert-dir",
    aliases: ["certDir"],
    placeholder: "DIR",
    // Where controller-runtime looks, so that a Secret mounted for the original is found.
    default: "/tmp/k8s-webhook-server/serving-certs",
    help: "Directory that holds the serving certificate, tls.crt, and its key, tls.key (PEM).",
    schema: nonEmpty(),
  },
  metricsBindAddress: {
    flag: "metrics-bind-address",
    placeholder: "ADDRESS",
    default: ":8080",
    help: "Address to serve /metrics on (HTTP), such as :8080 or 127.0.0.1:8080; 0 for none.",
    schema: bindAddress(),
  },
  healthProbeBindAddress: {
    flag: "health-probe-bind-address",
    placeholder: "ADDRESS",
    default: ":8081",
    help: "Address to serve /healthz and /readyz on (HTTP), such as :8081; 0 for none.",
    schema: bindAddress(),
  },
  shutdownDelayMs: {
    flag: "shutdown-delay",
    placeholder: "DURATION",
    default: "5s",
    help: "How long to go on taking new connections after SIGTERM, not ready, while the endpoint is taken off the Service, 0s to 60s. It, the preStop hook and 15 s for what is in flight must fit into the grace period.",
    schema: duration(0, 60_000),
  },
  selfSigned: {
    flag: "self-signed",
    placeholder: "true|false",
    default: "false",
    bare: "true",
    help: "Make and renew the serving certificate here, in a Secret that all replicas share, and put its authority into the caBundle of the webhook configuration; --cert-dir is not read then.",
    schema: oneOf(["true", "false"]),
  },
  namespace: {
    flag: "namespace",
    placeholder: "NAME",
    default: "",
    help: "Namespace of the webhook itself; none: that of its ServiceAccount, or prometheus-metrics-proxy-hook.",
    schema: objectName(true),
  },
  serviceName: {
    flag: "service-name",
    placeholder: "NAME",
    default: OWN_NAME,
    help: "Service by which the API server calls the webhook: the self-signed certificate's name.",
    schema: objectName(),
  },
  certificateSecret: {
    flag: "certificate-secret",
    placeholder: "NAME",
    default: `${OWN_NAME}-self-signed`,
    help: "Secret that keeps the self-signed certificate and its authority.",
    schema: objectName(),
  },
  webhookConfiguration: {
    flag: "webhook-configuration",
    placeholder: "NAME",
    default: OWN_NAME,
    help: "MutatingWebhookConfiguration whose caBundle is kept right with --self-signed.",
    schema: objectName(),
  },
  kubeconfig: {
    flag: "kubeconfig",
    placeholder: "FILE",
    default: "",
    help: "How to reach the API server, from outside a cluster; none: by the ServiceAccount.",
    schema: parsed("a file's path", (text) => text),
  },
  lookUpServices: {
    flag: "look-up-services",
    placeholder: "true|false",
    default: "false",
    bare: "true",
    help: `Ask the API server for a namespace's Services before a port's name moves to the sidecar (${ANNOTATIONS.portName.key}): it stays where one sends other requests there, or where they cannot be listed. Needs the right to list Services.`,
    schema: oneOf(["true", "false"]),
  },
  ...policyFlags,
  ...logFlags,
} as const;

type WebhookFlags = typeof flags;

/** The webhook's configuration. */
export type WebhookConfig = Values<WebhookFlags>;

/** The webhook as its command line describes it. */
export const definition: Definition<WebhookFlags> = {
  name: "webhook",
  prefix: "WEBHOOK",
  about:
    'Kubernetes admission webhook: gives every pod annotated prometheus.io/wait: "true" a metrics ' +
    "proxy, so that what it counted between its last scrape and its end is scraped too.",
  flags,
  commands: COMMANDS,
  examples: [
    "webhook --cert-dir /certs --sidecar-image registry.example.com/prometheus-metrics-proxy:1.0.0",
    "webhook --self-signed --enable-sidecar-containers=auto",
    "webhook --cert-dir ./certs --host 127.0.0.1 --metrics-bind-address 0 --log-format json",
  ],
  check: (values) => [...clashes(values), ...policyProblems(values)],
  inspect: ({ certDir, selfSigned }) => {
    if (certDir === undefined || selfSigned === "true") return [];
    const certificate = readCertificate(certDir);
    return certificate.kind === "unusable" ? certificate.problems : [];
  },
};

/** Listeners that ask for the same port, found before the operating system would refuse the second. */
function clashes(values: WebhookConfig): string[] {
  const listeners: [string, BindAddress | null][] = [
    ["--port", { host: values.host, port: values.port }],
    ["--metrics-bind-address", values.metricsBindAddress],
    ["--health-probe-bind-address", values.healthProbeBindAddress],
  ];
  return listeners.flatMap(([flag, address], index) =>
    listeners
      .slice(index + 1)
      .filter(([, other]) => address !== null && other !== null && overlap(address, other))
      .map(
        ([other]) =>
          `${flag} and ${other}: both ask for port ${address?.port}; give each listener a port of its own`,
      ),
  );
}

function overlap(a: BindAddress, b: BindAddress): boolean {
  return a.port !== 0 && a.port === b.port && (covers(a.host, b.host) || covers(b.host, a.host));
}

function covers(one: string, other: string): boolean {
  return one === other || one === "::" || (one === "0.0.0.0" && !other.includes(":"));
}
