/** The row of all load balancers that are chosen by `lb_name`. */
import type { Row } from "./dashboard.ts";
import { bars, lines, states, table } from "./kinds.ts";
import { BALANCER_LABELS, BALANCERS, ofBalancers, ofServers, ofZones } from "./ktcloud.ts";
import { newest, UP_DOWN } from "./words.ts";

const NAME = "{{account}} {{zone}} {{lb_name}}";

/** The ten that have the highest mean over the whole range: the same ten at every moment of it. */
function highest(metric: string): string {
  const mean = `avg_over_time(${metric}{${BALANCERS}}[$__range] @ end())`;
  return `${ofBalancers(metric)} and topk(10, ${newest(BALANCER_LABELS, mean)})`;
}

const FACTS = ["service_ip", "service_port", "service_type", "lb_option", "healthcheck_type"];

export const fleet: Row = {
  title: "All load balancers",
  panels: [
    states({
      title: "State",
      description: "1 is UP, 0 is not. A gap is no outage: nothing was known then.",
      unit: "none",
      words: UP_DOWN,
      queries: [{ expr: ofBalancers("ktcloud_lb_info"), legend: NAME }],
      width: 24,
      height: 9,
    }),
    table({
      title: "Load balancers",
      description:
        "At the end of the time range. State is the cloud's own word; age is that of what is known of the servers. A name leads to the row below.",
      unit: "none",
      queries: [
        { expr: ofBalancers("ktcloud_lb_info", FACTS) },
        { expr: ofBalancers("ktcloud_lb_state_info", ["state"]) },
        {
          expr: `sum by (${BALANCER_LABELS.join(", ")}) (${ofServers("ktcloud_lb_server_state")})`,
          legend: "Servers up",
        },
        { expr: ofBalancers("ktcloud_lb_server_count"), legend: "Servers" },
        { expr: ofBalancers("ktcloud_lb_established_connections"), legend: "Connections" },
        { expr: ofBalancers("ktcloud_lb_requests_per_second"), legend: "Requests" },
        {
          expr: `time() - ${ofBalancers("ktcloud_lb_last_success_timestamp_seconds")}`,
          legend: "Age",
        },
      ],
      columns: {
        lb_name: "Load balancer",
        account: "Account",
        zone: "Zone",
        state: "State",
        service_ip: "Address",
        service_port: "Port",
        service_type: "Type",
        lb_option: "Option",
        healthcheck_type: "Health check",
      },
      hidden: ["namespace", "job", "lb_id"],
      sortBy: "Load balancer",
      fields: {
        "Load balancer": {
          link: {
            title: "Show below",
            url: "/d/ktcloud-load-balancers?${__url_time_range}&${datasource:queryparam}&${namespace:queryparam}&${job:queryparam}&${account:queryparam}&${zone:queryparam}&${lb_name:queryparam}&var-selected_lb=${__value.text:percentencode}",
          },
        },
        State: {
          colored: true,
          words: {
            UP: ["UP", "green"],
            DOWN: ["DOWN", "red"],
            "OUT OF SERVICE": ["OUT OF SERVICE", "orange"],
          },
        },
        Requests: { unit: "reqps" },
        Age: { unit: "s", decimals: 0 },
      },
      width: 24,
    }),
    bars({
      title: "Service types",
      description: "Number of load balancers of each service type in the zones chosen above.",
      unit: "none",
      noValue: "not known",
      color: "blue",
      queries: [
        {
          expr: `sum by (service_type) (${ofZones("ktcloud_lb_service_type_count", ["service_type"])})`,
          legend: "{{service_type}}",
        },
      ],
      width: 4,
    }),
    lines({
      title: "Connections, the ten busiest",
      description:
        "Established connections of the ten load balancers that have the highest mean over the time range.",
      unit: "short",
      noValue: "not told",
      queries: [{ expr: highest("ktcloud_lb_established_connections"), legend: NAME }],
      width: 10,
    }),
    lines({
      title: "Requests, the ten busiest",
      description:
        "Requests per second of the ten load balancers that have the highest mean over the time range.",
      unit: "reqps",
      noValue: "not told",
      queries: [{ expr: highest("ktcloud_lb_requests_per_second"), legend: NAME }],
      width: 10,
    }),
  ],
};
