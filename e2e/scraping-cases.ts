/** Every kind of pod, each with what its annotations say is to be scraped of it. */
import { createCertificate } from "../shared/testing/certificate.ts";
import { type PodParts, port, startApplication } from "./scraping-pods.ts";

interface Kind {
  readonly what: string;
  readonly name: string;
  /** Default: one of 127.0.3.0/24. */
  readonly ip?: string;
  readonly https?: boolean;
  /** What it has beside its name and address, where its application listens at a port. */
  readonly pod: (at: number) => Omit<PodParts, "name" | "ip">;
  /** What is scraped, of `address:port`; nothing where it is left out. */
  readonly url?: (at: string) => string;
}

/** A pod with what is to be scraped of it. */
interface Case {
  readonly what: string;
  readonly pod: PodParts;
  readonly urls: readonly string[];
}

const SCRAPE = { "prometheus.io/scrape": "true" };

function scraped(at: number, more: PodParts["annotations"] = {}) {
  return { annotations: { ...SCRAPE, "prometheus.io/port": String(at), ...more } };
}

const metrics = (at: string) => `http://${at}/metrics`;

const KINDS: readonly Kind[] = [
  { what: "its port alone", name: "plain", pod: (at) => scraped(at), url: metrics },
  {
    what: "path, scheme and a parameter",
    name: "custom",
    https: true,
    pod: (at) =>
      scraped(at, {
        "prometheus.io/scheme": "https",
        "prometheus.io/path": "/custom/metrics",
        "prometheus.io/param_format": "whole",
      }),
    url: (at) => `https://${at}/custom/metrics?format=whole`,
  },
  {
    what: "no annotation, but a port that it declares",
    name: "silent",
    pod: (at) => ({ spec: { containers: [{ name: "shop", ports: [port(at)] }] } }),
  },
  {
    what: "scrape: false",
    name: "refused",
    pod: (at) => scraped(at, { "prometheus.io/scrape": "false" }),
  },
  {
    what: "three containers and four ports, of which the annotation names none",
    name: "crowded",
    pod: (at) => ({
      ...scraped(at),
      spec: {
        initContainers: [{ name: "first", restartPolicy: "Always", ports: [port(1)] }],
        containers: [
          { name: "shop", ports: [port(2), port(3), port(4, "UDP")] },
          { name: "silent" },
        ],
      },
    }),
    url: metrics,
  },
  {
    what: "no port: each TCP port that is declared",
    name: "listed",
    pod: (at) => ({
      annotations: SCRAPE,
      spec: {
        containers: [{ name: "shop", ports: [port(at), port(9, "UDP")] }, { name: "silent" }],
      },
    }),
    url: metrics,
  },
  { what: "an IPv6 address", name: "six", ip: "::1", pod: (at) => scraped(at), url: metrics },
  ...["Pending", "Succeeded", "Failed"].map((phase) => ({
    what: `phase ${phase}`,
    name: phase.toLowerCase(),
    pod: (at: number) => ({ ...scraped(at), phase }),
  })),
];

/** One pod of each kind, whose application runs. */
export async function createCases(stack: AsyncDisposableStack): Promise<readonly Case[]> {
  const { cert, key } = await createCertificate();
  return KINDS.map(({ what, name, https = false, pod, url, ...kind }, index) => {
    const { ip = `127.0.3.${index + 1}` } = kind;
    const { port: at } = startApplication(stack, ip, https ? { cert, key } : undefined);
    const address = `${ip.includes(":") ? `[${ip}]` : ip}:${at}`;
    return {
      what,
      pod: { name, ip, ...pod(at) },
      urls: url === undefined ? [] : [url(address)],
    };
  });
}
