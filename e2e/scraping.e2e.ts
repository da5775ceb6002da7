/**
 * The scrape jobs as they are shipped, under real scrapers: what they find in a Kubernetes API, what they
 * ask of it, what they leave alone, and that a pod's final scrape comes through that discovery.
 */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { FakeApiServer } from "../shared/testing/api-server.ts";
import { eventually } from "../shared/testing/eventually.ts";
import { isAllowed, type Rule } from "../shared/testing/rights.ts";
import { configureJobs, findScrapers } from "./discovery.ts";
import { endContainers } from "./kubelet.ts";
import { type RunningPrometheus, runScraper, type Target } from "./prometheus.ts";
import { createCases } from "./scraping-cases.ts";
import { createExporterPod, createService, startExporters } from "./scraping-exporters.ts";
import { runInjected } from "./scraping-injected.ts";
import { createPod, startApplication } from "./scraping-pods.ts";

const ROOT = join(import.meta.dir, "..");
const SCRAPERS = await findScrapers();

/** A scraper looks every 5 s at what was discovered, and again at which targets there are. */
const DISCOVERY_MS = 40_000;

/** What is scraped of a pod, in order. */
async function urlsOf(scraper: RunningPrometheus, pod: string): Promise<readonly string[]> {
  const { active } = await scraper.targets();
  return active
    .filter(({ labels }) => labels.pod === pod)
    .map(({ scrapeUrl }) => scrapeUrl)
    .sort();
}

const podOf = ({ discoveredLabels }: Target) => discoveredLabels.__meta_kubernetes_pod_name;

async function start(stack: AsyncDisposableStack, scraper: (typeof SCRAPERS)[number]) {
  const api = stack.use(await FakeApiServer.start());
  const run = async () => stack.use(await runScraper(scraper, await configureJobs(stack, api)));
  return { api, run };
}

/** What Prometheus may do by the ClusterRole that is shipped. */
async function rules(): Promise<readonly Rule[]> {
  const file = join(ROOT, "manifests/monitoring/plain/rbac.yaml");
  const objects = Bun.YAML.parse(await Bun.file(file).text()) as { kind: string; rules: Rule[] }[];
  return objects.find(({ kind }) => kind === "ClusterRole")?.rules ?? [];
}

test("there is a scraper that discovers by the Kubernetes API", () => {
  const how = "Prometheus as its project builds it (PROMETHEUS_BINARY), or victoria-metrics";
  expect({ how, found: SCRAPERS.length > 0 }).toEqual({ how, found: true });
});

describe.each(SCRAPERS)("$name", (program) => {
  test("scrapes of every kind of pod what its annotations say, once, and nothing of others", async () => {
    await using stack = new AsyncDisposableStack();
    const { api, run } = await start(stack, program);
    const cases = await createCases(stack);
    for (const { pod } of cases) api.put("pods", createPod(pod));
    const scraper = await run();
    const names = cases.map(({ pod }) => pod.name);
    await eventually(
      "every pod was discovered",
      async () => {
        await Bun.sleep(200);
        const { active, dropped } = await scraper.targets();
        const known = new Set([...active, ...dropped].map(podOf));
        return names.every((name) => known.has(name));
      },
      DISCOVERY_MS,
    );
    for (const { what, pod, urls } of cases) {
      expect({ what, urls: await urlsOf(scraper, pod.name) }).toEqual({ what, urls });
    }
    const wanted = cases.flatMap(({ urls }) => urls).length;
    const allUp = async () => {
      await Bun.sleep(200);
      return (await scraper.query('up{job="kubernetes-pods"} == 1')).length === wanted;
    };
    await eventually("all of them are up", allUp, DISCOVERY_MS);
    const [plain] = await scraper.query('shop_orders_total{pod="plain"}');
    expect(plain?.metric).toEqual({
      __name__: "shop_orders_total",
      app: "shop",
      instance: cases[0]?.urls[0]?.replace(/^http:\/\/|\/metrics$/g, "") ?? "",
      job: "kubernetes-pods",
      namespace: "shop",
      pod: "plain",
    });
  }, 90_000);

  test("goes on scraping a pod that is ending, until it is gone", async () => {
    await using stack = new AsyncDisposableStack();
    const { api, run } = await start(stack, program);
    const { host: ip, port: number, asked } = startApplication(stack, "127.0.3.100");
    const annotations = {
      "prometheus.io/scrape": "true",
      "prometheus.io/port": String(number),
    };
    const pod = { name: "ending", ip, annotations };
    api.put("pods", createPod(pod));
    const scraper = await run();
    const isScraped = async () => (await urlsOf(scraper, "ending")).length === 1;
    await eventually("it is scraped", isScraped, DISCOVERY_MS);

    api.put("pods", createPod({ ...pod, ending: true }));
    // Events come in their order: whoever knows of this pod knows of that one's end.
    const later = startApplication(stack, "127.0.3.110");
    const itsPort = { "prometheus.io/scrape": "true", "prometheus.io/port": String(later.port) };
    api.put("pods", createPod({ name: "later", ip: later.host, annotations: itsPort }));
    await eventually("its end is known", () => later.asked.length > 0, DISCOVERY_MS);
    const before = asked.length;
    await eventually("it is scraped twice", () => asked.length >= before + 2, DISCOVERY_MS);

    api.remove("pods", "ending");
    const isGone = async () => {
      await Bun.sleep(200);
      return !(await isScraped());
    };
    await eventually("it is scraped no more", isGone, DISCOVERY_MS);
  }, 90_000);

  test("scrapes each pod behind the exporter's Service in two jobs, until a ServiceMonitor has it", async () => {
    await using stack = new AsyncDisposableStack();
    const { api, run } = await start(stack, program);
    const addresses = ["127.0.4.1", "127.0.4.2"];
    const number = await startExporters(stack, addresses);
    for (const object of createService(addresses, number)) {
      api.put(object.kind === "Service" ? "services" : "endpointslices", object);
    }
    for (const [i, ip] of addresses.entries()) {
      api.put("pods", createExporterPod(`lb-exporter-${i}`, ip, number));
    }
    const scraper = await run();
    const up = async () => {
      await Bun.sleep(200);
      return (await scraper.query("up == 1")).map(({ metric }) => metric);
    };
    const both = async () => ((await up()).length === 4 ? await up() : undefined);
    const found = await eventually("both are up in both jobs", both, DISCOVERY_MS);
    const wanted = ["ktcloud-lb", "lb-exporter"].flatMap((job) =>
      addresses.map((ip, i) => ({
        __name__: "up",
        instance: `${ip}:${number}`,
        job,
        namespace: "monitoring",
        pod: `lb-exporter-${i}`,
      })),
    );
    expect(found).toEqual(expect.arrayContaining(wanted));
    const count = 'count by (job) ({__name__=~"ktcloud_lb_total_count|exporter_build_info"})';
    const pages = (await scraper.query(count)).map(({ metric, value }) => [metric.job, value]);
    expect(Object.fromEntries(pages)).toEqual({ "ktcloud-lb": 2, "lb-exporter": 2 });

    const [service] = createService(addresses, number, {
      "prometheus.io/scraped-by": "servicemonitor",
    });
    if (service) api.put("services", service);
    const none = async () => {
      await Bun.sleep(200);
      return (await scraper.targets()).active.length === 0;
    };
    await eventually("nothing is scraped", none, DISCOVERY_MS);

    const allowed = await rules();
    const calls = api.asked.filter(({ path }) => path !== "/version");
    expect(calls.filter((call) => !allowed.some((rule) => isAllowed(rule, call)))).toEqual([]);
    const cluster = calls.filter(({ path }) => !path.includes("/namespaces/monitoring/"));
    expect(new Set(cluster.map(({ path }) => path))).toEqual(new Set(["/api/v1/pods"]));
  }, 90_000);

  test("gets the last increments of pods that the webhook has rewritten, at the sidecar's port", async () => {
    await using stack = new AsyncDisposableStack();
    const { api, run } = await start(stack, program);
    const pods = await Promise.all([
      runInjected(stack, { name: "regular", ip: "127.0.3.101", native: false }),
      runInjected(stack, { name: "native", ip: "127.0.3.102", native: true }),
    ]);
    for (const { parts } of pods) api.put("pods", createPod(parts));
    const scraper = await run();
    const twice = "count_over_time(app_order_seconds_count[1m]) >= 2";
    const scraped = async () => {
      await Bun.sleep(200);
      return (await scraper.query(twice)).length === pods.length;
    };
    await eventually("each was scraped twice", scraped, DISCOVERY_MS);
    for (const { parts, original } of pods) {
      const own = parts.annotations["prometheus.io/port"];
      expect(own).not.toBe(String(original));
      expect(await urlsOf(scraper, parts.name)).toEqual([`http://${parts.ip}:${own}/metrics`]);
    }

    await Promise.all(
      pods.map(async ({ parts, running, graceSeconds }) => {
        api.put("pods", createPod({ ...parts, ending: true }));
        const { killed } = await endContainers(running, { graceSeconds, deleted: true });
        expect(killed).toEqual([]);
        api.remove("pods", parts.name);
      }),
    );
    for (const { parts, counted } of pods) {
      const total = await counted();
      const query = `sum(last_over_time(app_orders_total{pod="${parts.name}"}[5m]))`;
      await eventually(`${parts.name}: stored is what was counted, ${total}`, async () => {
        await Bun.sleep(200);
        return (await scraper.query(query))[0]?.value === total;
      });
    }
  }, 90_000);
});
