/**
 * The real programs as they are in a cluster: an exporter that leads and one that stands by, a webhook that
 * has admitted pods and taken reports; each has lived through what its metrics count.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createConfiguration } from "../../../shared/testing/api-object.ts";
import { FakeApiServer } from "../../../shared/testing/api-server.ts";
import { createCertificate } from "../../../shared/testing/certificate.ts";
import { eventually } from "../../../shared/testing/eventually.ts";
import { startProcess } from "../../../shared/testing/process.ts";
import { OUTCOMES } from "../../../webhook/reports.ts";
import { createPod, createReview } from "../../../webhook/testing/review.ts";

/** A page of metrics, and the job that scrapes it. */
interface Scraped {
  readonly job: string;
  readonly port: number;
  readonly path: string;
  readonly https: boolean;
}

/** The command that starts a component. */
type Program = (component: "exporter" | "webhook") => readonly string[];

const ROOT = join(import.meta.dir, "../../..");
const LOCAL_TLS = { tls: { rejectUnauthorized: false } };
/** What the simulator lets in; nothing outside this machine does. */
const ACCOUNTS = `accounts:
  - name: shop
    id: demo@example.com
    password: demo-password
    zones:
      - { zone: DX-M1, dialect: command }
      - { zone: DX-Central, dialect: rest }
`;

interface Programs {
  /** The first one is the leader's page. */
  readonly scraped: readonly Scraped[];
  /** Turns those of the simulated cloud. */
  setKnobs(knobs: object): Promise<void>;
  /** Once more: one admission of each kind, and one report of each outcome. */
  useWebhook(): Promise<void>;
}

/** Starts them, and resolves when each has something to tell. They end with the stack. */
export async function startPrograms(
  stack: AsyncDisposableStack,
  program: Program,
): Promise<Programs> {
  const directory = mkdtempSync(join(tmpdir(), "programs-"));
  stack.defer(() => rmSync(directory, { recursive: true }));
  const api = stack.use(await FakeApiServer.start());
  api.writeKubeconfig(join(directory, "kubeconfig"));
  const cloud = stack.use(
    startProcess([
      process.execPath,
      join(ROOT, "exporter/ktcloud/simulator.ts"),
      "--log-format=json",
      "--port=0",
    ]),
  );
  const cloudUrl = `http://127.0.0.1:${await cloud.port("simulator")}`;
  const setKnobs = async (knobs: object) => {
    const body = JSON.stringify(knobs);
    const answer = await fetch(`${cloudUrl}/-/knobs`, { method: "PUT", body });
    if (!answer.ok) throw new Error(await answer.text());
  };
  const place = { stack, program, directory };
  const [exporters, webhook] = await Promise.all([
    startExporters(place, cloudUrl, setKnobs),
    startWebhook(place, api),
  ]);
  return { scraped: [...exporters, webhook.scraped], setKnobs, useWebhook: webhook.use };
}

/** The text of each page, as its scraper gets it. */
export async function fetchPage({ port, path, https }: Scraped): Promise<string> {
  const url = `${https ? "https" : "http"}://127.0.0.1:${port}${path}`;
  const answer = await fetch(url, LOCAL_TLS);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return await answer.text();
}

interface Place {
  readonly stack: AsyncDisposableStack;
  readonly program: Program;
  readonly directory: string;
}

async function startExporters(
  { stack, program, directory }: Place,
  cloudUrl: string,
  setKnobs: Programs["setKnobs"],
): Promise<readonly Scraped[]> {
  const { cert, key } = await createCertificate();
  const write = (name: string, text: string) => writeFileSync(join(directory, name), text);
  write("accounts.yaml", ACCOUNTS);
  write("plain.yaml", "rate_limit: { interval: 1ms, burst: 1000 }\n");
  write("tls.yaml", "tls_server_config: { cert_file: tls.crt, key_file: tls.key }\n");
  write("tls.crt", cert);
  write("tls.key", key);
  const start = async (web: string) => {
    const flags = [
      "--log-format=json",
      "--web.listen-address=127.0.0.1:0",
      `--web.config.file=${join(directory, web)}`,
      `--config.file=${join(directory, "accounts.yaml")}`,
      `--api.url=${cloudUrl}`,
      "--collect.interval=1s",
      "--collect.start-jitter=0s",
      "--staleness.max-age=10s",
      "--leader-elect",
      "--leader-elect-resource-namespace=monitoring",
      `--kubeconfig=${join(directory, "kubeconfig")}`,
    ];
    const child = stack.use(startProcess([...program("exporter"), ...flags]));
    return { child, port: await child.port("web") };
  };
  const leader = await start("plain.yaml");
  const page = { job: "ktcloud-lb", port: leader.port, path: "/metrics", https: false };
  const lists = async (what: RegExp) => what.test(await fetchPage(page));
  await eventually("load balancers", () => lists(/^ktcloud_lb_info\{.*zone="DX-Central"/m), 30_000);
  // A state in a word of its own, which only some metrics tell.
  const [, id = ""] = /^ktcloud_lb_info\{lb_id="(\d+)"/m.exec(await fetchPage(page)) ?? [];
  await setKnobs({ balancers: { [id]: { serverStates: ["MAINTENANCE"] } } });
  await eventually("the word", () => lists(/^ktcloud_server_state_info\{/m));
  const standby = await start("tls.yaml");
  await standby.child.logged(({ msg }) => msg === "Standing by");
  const standbyPage = { ...page, port: standby.port, https: true };
  const own = { job: "lb-exporter", path: "/-/metrics" };
  return [page, standbyPage, { ...page, ...own }, { ...standbyPage, ...own }];
}

const CONFIGURATION = "prometheus-metrics-proxy-hook";

async function startWebhook({ stack, program, directory }: Place, api: FakeApiServer) {
  api.put("mutatingwebhookconfigurations", createConfiguration(CONFIGURATION));
  const flags = [
    "--log-format=json",
    "--host=127.0.0.1",
    "--port=0",
    "--metrics-bind-address=127.0.0.1:0",
    "--health-probe-bind-address=0",
    "--self-signed",
    "--namespace=hooks",
    `--kubeconfig=${join(directory, "kubeconfig")}`,
  ];
  const child = stack.use(startProcess([...program("webhook"), ...flags]));
  const scraped = {
    job: "kubernetes-pods",
    port: await child.port("metrics"),
    path: "/metrics",
    https: false,
  };
  const serves = async () => /^webhook_certificate_expiry/m.test(await fetchPage(scraped));
  await eventually("a certificate", serves, 30_000);
  const admission = `https://127.0.0.1:${await child.port("webhook")}/mutate`;
  const use = () => useWebhook(admission, `http://127.0.0.1:${scraped.port}/report`);
  await use();
  return { scraped, use };
}

/** One admission of each kind, and one report of each outcome. */
async function useWebhook(admission: string, report: string): Promise<void> {
  await post(admission, createReview(createPod()));
  await post(admission, createReview(createPod({ annotations: {} })));
  const port = { "prometheus.io/wait": "true", "prometheus.io/port": "none" };
  await post(admission, createReview(createPod({ annotations: port })));
  await post(admission, "no review");
  for (const [index, outcome] of OUTCOMES.entries()) {
    const complete = outcome === "delivered" || outcome === "unchanged";
    const missed = complete ? [] : ["10.0.3.7 Prometheus/3.5.0"];
    await post(report, { event: "begun" });
    const numbers = { waited_seconds: index, moved_series: index, final_page_age_seconds: 0.03 };
    await post(report, { event: "ended", outcome, complete, missed, ...numbers });
  }
  await post(report, "no report");
}

async function post(url: string, body: unknown): Promise<void> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  await fetch(url, { method: "POST", body: text, ...LOCAL_TLS });
}
