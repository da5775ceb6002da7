/** The webhook's flags: declared once, read by shared/config.ts, described by `--help`. */
import { isIP } from "node:net";
import type { Definition, Values } from "../shared/flags.ts";
import { logFlags } from "../shared/log.ts";
import { type BindAddress, bindAddress, listenPort, nonEmpty, parsed } from "../shared/values.ts";
import { currentBuild } from "../shared/version.ts";
import { readCertificate } from "./certificates.ts";

/** `[registry[:port]/]name[:tag][@digest]`, after the grammar of github.com/distribution/reference. */
const IMAGE =
  /^(?:[a-zA-Z0-9.-]+(?::\d{1,5})?\/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*(?::\w[\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/;

const HOST_NAME = /^[a-zA-Z0-9](?:[a-zA-Z0-9.-]{0,252})$/;

/** An IP address, with or without the brackets of a URL, or a host name. */
function listenHost() {
  return parsed("an IP address or a host name, such as ::, 0.0.0.0 or localhost", (text) => {
    const bare = text.replace(/^\[(.+)\]$/, "$1");
    return isIP(bare) !== 0 || HOST_NAME.test(text) ? bare : undefined;
  });
}

function imageReference() {
  return parsed("an image reference such as registry.example.com/team/name:1.2.3", (text) =>
    IMAGE.test(text) ? text : undefined,
  );
}

function trueOrFalse() {
  return parsed("true or false", (text) => ({ true: true, false: false })[text]);
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
  sidecarImage: {
    flag: "sidecar-image",
    placeholder: "IMAGE",
    // Of the webhook's own version, so that the flags it writes are ones that the sidecar knows.
    default: `prometheus-metrics-proxy:${currentBuild().version}`,
    help:
      "Image of the injected container. The default is for images loaded onto the nodes; with a " +
      "registry, give its full name: a pod whose sidecar image cannot be pulled never gets ready.",
    schema: imageReference(),
  },
  nativeSidecars: {
    flag: "enable-sidecar-containers",
    placeholder: "true|false",
    default: "false",
    bare: "true",
    help:
      "Inject a native sidecar (an init container with restartPolicy Always, Kubernetes 1.29 and " +
      "later) instead of a regular container; without a value: true.",
    schema: trueOrFalse(),
  },
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
  examples: [
    "webhook --cert-dir /certs --sidecar-image registry.example.com/prometheus-metrics-proxy:1.0.0",
    "webhook --cert-dir ./certs --host 127.0.0.1 --metrics-bind-address 0 --log-format json",
  ],
  check: clashes,
  inspect: ({ certDir }) => {
    if (certDir === undefined) return [];
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
