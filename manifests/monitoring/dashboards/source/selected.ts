/** The row of the one load balancer that is chosen by `selected_lb`. */
import type { Row } from "./dashboard.ts";
import { lines, stat, states, table } from "./kinds.ts";
import { ofSelected, ofSelectedServers } from "./ktcloud.ts";
import { AGE, UP_DOWN, YES_NO } from "./words.ts";

const SERVER = "{{server_ip}}:{{server_port}}";

const NUMBER = { unit: "none", noValue: "not known", color: "text", width: 4 } as const;

const numbers = [
  stat({
    ...NUMBER,
    title: "State",
    description: "Whether its state is UP. The cloud calls it so by its servers.",
    words: UP_DOWN,
    queries: [{ expr: ofSelected("ktcloud_lb_info") }],
  }),
  stat({
    ...NUMBER,
    title: "Servers up",
    description: "Servers whose state is UP.",
    queries: [{ expr: `sum(${ofSelectedServers("ktcloud_lb_server_state")})` }],
  }),
  stat({
    ...NUMBER,
    title: "Servers",
    description: "Servers that are attached to it.",
    queries: [{ expr: `sum(${ofSelected("ktcloud_lb_server_count")})` }],
  }),
  stat({
    ...NUMBER,
    title: "Connections",
    description: "Established connections, as the cloud counts them at the load balancer.",
    queries: [{ expr: `sum(${ofSelected("ktcloud_lb_established_connections")})` }],
  }),
  stat({
    ...NUMBER,
    title: "Requests",
    description: "Requests per second, as the cloud counts them at the load balancer.",
    unit: "reqps",
    queries: [{ expr: `sum(${ofSelected("ktcloud_lb_requests_per_second")})` }],
  }),
  stat({
    ...NUMBER,
    title: "Age",
    description: "Since the collection that its servers are from began.",
    unit: "s",
    decimals: 0,
    steps: AGE,
    queries: [{ expr: `max(time() - ${ofSelected("ktcloud_lb_last_success_timestamp_seconds")})` }],
  }),
];

const servers = [
  states({
    title: "Servers",
    description: "1 is UP, 0 is not. A gap is no outage: nothing was known then.",
    unit: "none",
    words: UP_DOWN,
    queries: [{ expr: ofSelectedServers("ktcloud_lb_server_state"), legend: SERVER }],
    width: 10,
  }),
  table({
    title: "Servers now",
    description:
      "At the end of the time range. Word is the cloud's own for the state, where it is another one than UP or DOWN.",
    unit: "none",
    queries: [
      { expr: ofSelectedServers("ktcloud_lb_server_state"), legend: "State" },
      { expr: ofSelectedServers("ktcloud_server_current_connections"), legend: "Connections" },
      { expr: ofSelectedServers("ktcloud_server_requests_rate_per_sec"), legend: "Requests" },
      { expr: ofSelectedServers("ktcloud_server_avg_ttfb_ms"), legend: "TTFB" },
      { expr: ofSelectedServers("ktcloud_server_state_info", ["state"]) },
    ],
    columns: { server_ip: "Server", server_port: "Port", state: "Word" },
    hidden: ["namespace", "job", "account", "zone", "lb_id", "lb_name"],
    sortBy: "Server",
    fields: {
      State: { colored: true, words: UP_DOWN },
      Requests: { unit: "reqps" },
      TTFB: { unit: "ms" },
    },
    width: 14,
    height: 8,
  }),
];

const traffic = [
  lines({
    title: "Connections",
    description: "Current connections to each server.",
    unit: "short",
    noValue: "not told",
    queries: [{ expr: ofSelectedServers("ktcloud_server_current_connections"), legend: SERVER }],
    width: 8,
  }),
  lines({
    title: "Requests",
    description: "Requests per second at each server.",
    unit: "reqps",
    noValue: "not told",
    queries: [{ expr: ofSelectedServers("ktcloud_server_requests_rate_per_sec"), legend: SERVER }],
    width: 8,
  }),
  lines({
    title: "Time to first byte",
    description: "Mean time until the first byte of each server's answers, as the cloud tells it.",
    unit: "ms",
    noValue: "not told",
    queries: [{ expr: ofSelectedServers("ktcloud_server_avg_ttfb_ms"), legend: SERVER }],
    width: 8,
  }),
  lines({
    title: "Throughput",
    description:
      "As KT Cloud's older API (command) reports it; that the unit is kilobits is not confirmed. The newer one (rest) tells bytes instead: beside this.",
    unit: "Kbits",
    noValue: "not told: this zone speaks rest",
    queries: [{ expr: ofSelectedServers("ktcloud_server_throughput_rate_kbps"), legend: SERVER }],
    width: 8,
  }),
  lines({
    title: "Bytes",
    description:
      "Bytes of requests and answers per second at each server, which only KT Cloud's newer API (rest) tells.",
    unit: "Bps",
    noValue: "not told: this zone speaks command",
    queries: [
      {
        expr: ofSelectedServers("ktcloud_server_request_bytes_per_second"),
        legend: `${SERVER} requests`,
      },
      {
        expr: ofSelectedServers("ktcloud_server_response_bytes_per_second"),
        legend: `${SERVER} answers`,
      },
    ],
    width: 8,
  }),
  states({
    title: "Read",
    description:
      "Whether each collection could read its servers. Where it could not, what is shown is the last that it could.",
    unit: "none",
    words: YES_NO,
    queries: [
      { expr: ofSelected("ktcloud_lb_success"), legend: "{{account}} {{zone}} {{lb_name}}" },
    ],
    width: 8,
  }),
];

export const selected: Row = {
  title: "Load balancer $selected_lb",
  panels: [...numbers, ...servers, ...traffic],
};
