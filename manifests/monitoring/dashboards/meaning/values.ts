/** Panels where a wrong value would mislead: what each says of series that are known. */

interface PanelValue {
  readonly file: string;
  readonly panel: string;
  /** What of it is looked at. */
  readonly what: string;
  /** Series with their value at every scrape, or what they grow by from one to the next, as `+2`. */
  readonly series: Readonly<Record<string, number | `+${number}`>>;
  /** `undefined` where the panel has to say that nothing is known. */
  readonly value: number | undefined;
}

const BALANCERS = "lb-exporter/load-balancers.json";
const EXPORTER = "lb-exporter/exporter.json";
const SCRAPES = "final-scrape/final-scrape.json";

const DAY = 86_400;

/** A series of the leader's page; `pod` is another replica's after a takeover. */
function ofPage(metric: string, labels: string, pod = "a"): string {
  return `${metric}{namespace="monitoring", job="ktcloud-lb", instance="${pod}:9105", pod="${pod}", ${labels}}`;
}

function ofBalancer(metric: string, id: string, pod = "a"): string {
  return ofPage(metric, `account="shop", zone="DX-M1", lb_id="${id}", lb_name="web-${id}"`, pod);
}

function ofServer(id: string, server: string): string {
  const names = `account="shop", zone="DX-M1", lb_id="${id}", lb_name="web-${id}"`;
  return ofPage("ktcloud_lb_server_state", `${names}, server_ip="${server}", server_port="80"`);
}

function ofZone(metric: string, zone: string, pod = "a"): string {
  return ofPage(metric, `account="shop", zone="${zone}"`, pod);
}

function ofWebhook(metric: string, pod: string, labels = ""): string {
  return `${metric}{namespace="hooks", job="kubernetes-pods", instance="${pod}:8080", pod="${pod}"${labels}}`;
}

export const VALUES: readonly PanelValue[] = [
  {
    file: BALANCERS,
    panel: "Load balancers down",
    what: "those that are not UP, once each, whichever replica tells of them",
    series: {
      [ofBalancer("ktcloud_lb_info", "1")]: 1,
      [ofBalancer("ktcloud_lb_info", "2")]: 0,
      [ofBalancer("ktcloud_lb_info", "2", "b")]: 0,
      [ofBalancer("ktcloud_lb_info", "3")]: 1,
    },
    value: 1,
  },
  {
    file: BALANCERS,
    panel: "Load balancers down",
    what: "none of three: a zero, not nothing",
    series: {
      [ofBalancer("ktcloud_lb_info", "1")]: 1,
      [ofBalancer("ktcloud_lb_info", "2")]: 1,
      [ofBalancer("ktcloud_lb_info", "3")]: 1,
    },
    value: 0,
  },
  {
    file: BALANCERS,
    panel: "Load balancers down",
    what: "no page: not known",
    series: { [ofZone("ktcloud_zone_up", "DX-M1")]: 0 },
    value: undefined,
  },
  {
    file: BALANCERS,
    panel: "Servers down",
    what: "two of three",
    series: {
      [ofServer("1", "10.1.0.1")]: 1,
      [ofServer("1", "10.1.0.2")]: 0,
      [ofServer("2", "10.1.0.3")]: 0,
    },
    value: 2,
  },
  {
    file: BALANCERS,
    panel: "Zones not answering",
    what: "one of three",
    series: {
      [ofZone("ktcloud_zone_up", "DX-M1")]: 1,
      [ofZone("ktcloud_zone_up", "DX-Central")]: 0,
      [ofZone("ktcloud_zone_up", "DX-G")]: 1,
    },
    value: 1,
  },
  {
    file: BALANCERS,
    panel: "Not read",
    what: "one of three",
    series: {
      [ofBalancer("ktcloud_lb_success", "1")]: 1,
      [ofBalancer("ktcloud_lb_success", "2")]: 0,
      [ofBalancer("ktcloud_lb_success", "3")]: 1,
    },
    value: 1,
  },
  {
    file: BALANCERS,
    panel: "Load balancers",
    what: "of two zones, once after a takeover",
    series: {
      [ofZone("ktcloud_zone_up", "DX-M1")]: 1,
      [ofZone("ktcloud_zone_up", "DX-Central")]: 1,
      [ofZone("ktcloud_zone_load_balancers", "DX-M1")]: 4,
      [ofZone("ktcloud_zone_load_balancers", "DX-M1", "b")]: 4,
      [ofZone("ktcloud_zone_load_balancers", "DX-Central")]: 3,
    },
    value: 7,
  },
  {
    file: BALANCERS,
    panel: "Load balancers",
    what: "not known of one zone: not known at all",
    series: {
      [ofZone("ktcloud_zone_up", "DX-M1")]: 1,
      [ofZone("ktcloud_zone_up", "DX-Central")]: 0,
      [ofZone("ktcloud_zone_load_balancers", "DX-M1")]: 4,
    },
    value: undefined,
  },
  {
    file: EXPORTER,
    panel: "Certificate ends in",
    what: "the one that ends first",
    series: Object.fromEntries(
      (["a", "b"] as const).map((pod) => [
        `exporter_web_certificate_expiry_seconds{namespace="monitoring", job="lb-exporter", instance="${pod}", pod="${pod}"}`,
        { a: 60 * DAY, b: 5 * DAY }[pod],
      ]),
    ),
    value: 5 * DAY,
  },
  {
    file: SCRAPES,
    panel: "Certificate ends in",
    what: "the one that ends first",
    series: {
      [ofWebhook("webhook_certificate_expiry_seconds", "a")]: 60 * DAY,
      [ofWebhook("webhook_certificate_expiry_seconds", "b")]: 5 * DAY,
    },
    value: 5 * DAY,
  },
  {
    file: SCRAPES,
    panel: "Authority ends in",
    what: "the one that ends first",
    series: {
      [ofWebhook("webhook_self_signed_authority_expiry_seconds", "a")]: 600 * DAY,
      [ofWebhook("webhook_self_signed_authority_expiry_seconds", "b")]: 20 * DAY,
    },
    value: 20 * DAY,
  },
  {
    file: SCRAPES,
    panel: "Complete",
    what: "three ends of four",
    series: {
      [ofWebhook("webhook_final_scrapes_total", "a", ', outcome="delivered", complete="true"')]:
        "+2",
      [ofWebhook("webhook_final_scrapes_total", "b", ', outcome="unchanged", complete="true"')]:
        "+1",
      [ofWebhook("webhook_final_scrapes_total", "a", ', outcome="deadline", complete="false"')]:
        "+1",
    },
    value: 0.75,
  },
  {
    file: SCRAPES,
    panel: "Complete",
    what: "of eight ends that began one was withdrawn, one is incomplete, and two were cut short",
    series: {
      [ofWebhook("webhook_final_scrapes_begun_total", "a", "")]: "+8",
      [ofWebhook("webhook_final_scrapes_withdrawn_total", "a", "")]: "+1",
      [ofWebhook("webhook_final_scrapes_total", "a", ', outcome="delivered", complete="true"')]:
        "+4",
      [ofWebhook("webhook_final_scrapes_total", "b", ', outcome="deadline", complete="false"')]:
        "+1",
    },
    value: 4 / 7,
  },
  {
    file: SCRAPES,
    panel: "Complete",
    what: "nothing ended: not known, neither all nor none",
    series: {
      [ofWebhook("webhook_final_scrapes_total", "a", ', outcome="delivered", complete="true"')]: 9,
      [ofWebhook("webhook_final_scrapes_total", "a", ', outcome="deadline", complete="false"')]: 3,
    },
    value: undefined,
  },
];
