/** The scrape jobs of manifests/monitoring under a real scraper that discovers pods from a Kubernetes API. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { FakeApiServer } from "../shared/testing/api-server.ts";
import { runProcess } from "../shared/testing/process.ts";
import { PROMETHEUS, type Scraper } from "./prometheus.ts";

/** What is shipped; `just manifests` compares it with the values for kube-prometheus-stack. */
const CONFIG = join(import.meta.dir, "../manifests/monitoring/plain/prometheus.yaml");

/** How often everything is scraped here, in seconds. */
export const INTERVAL_SECONDS = 2;

/** VictoriaMetrics, which is vmagent and a database in one program. */
const VICTORIA_METRICS: Scraper = {
  name: "VictoriaMetrics",
  command: ({ config, data, address }) => [
    "victoria-metrics",
    `-promscrape.config=${config}`,
    "-promscrape.config.strictParse",
    "-promscrape.kubernetesSDCheckInterval=1s",
    "-search.latencyOffset=0s",
    "-enableTCP6",
    `-storageDataPath=${data}`,
    `-httpListenAddr=${address}`,
  ],
};

/** The scrapers on this machine that discover by the Kubernetes API: the Prometheus of Debian does not. */
export async function findScrapers(): Promise<readonly Scraper[]> {
  const found: Scraper[] = [];
  if (await prometheusDiscovers()) found.push(PROMETHEUS);
  if (Bun.which("victoria-metrics") !== null) found.push(VICTORIA_METRICS);
  return found;
}

/** Asks the promtool that stands beside it. */
async function prometheusDiscovers(): Promise<boolean> {
  const prometheus = process.env.PROMETHEUS_BINARY || Bun.which("prometheus");
  if (!prometheus) return false;
  const command = [join(dirname(prometheus), "promtool"), "check", "config", CONFIG];
  return (await runProcess(command)).code === 0;
}

interface Discovery {
  readonly role: string;
}

interface Job {
  readonly kubernetes_sd_configs: readonly Discovery[];
  readonly scrape_interval: string;
  readonly scrape_timeout: string;
}

/** The jobs as they are shipped, but for the API server that is asked and for how often targets are scraped. */
export async function configureJobs(
  stack: AsyncDisposableStack,
  api: FakeApiServer,
): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "every-scrape-whole-e2e-"));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const ca = join(directory, "ca.crt");
  await writeFile(ca, api.ca);
  const access = {
    api_server: api.url,
    authorization: { credentials: api.token },
    tls_config: { ca_file: ca },
  };
  const { scrape_configs } = Bun.YAML.parse(await Bun.file(CONFIG).text()) as {
    readonly scrape_configs: readonly Job[];
  };
  const every = `${INTERVAL_SECONDS}s`;
  const jobs = scrape_configs.map((job) => ({
    ...job,
    scrape_interval: every,
    scrape_timeout: every,
    kubernetes_sd_configs: job.kubernetes_sd_configs.map((one) => ({ ...one, ...access })),
  }));
  return JSON.stringify({ scrape_configs: jobs });
}
