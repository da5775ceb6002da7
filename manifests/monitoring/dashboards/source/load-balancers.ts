/** The load balancers of KT Cloud: how they are, all of them and one, and whether that can be believed. */
import { collection } from "./collection.ts";
import { createDashboard } from "./dashboard.ts";
import { fleet } from "./fleet.ts";
import { stat } from "./kinds.ts";
import { BALANCERS, ofBalancers, ofPage, ofServers, ofZones, PAGE, ZONES } from "./ktcloud.ts";
import { selected } from "./selected.ts";
import { choice, jobChoices, single } from "./variables.ts";
import { AGE, NONE_IS_GOOD } from "./words.ts";

const ABSENT = { unit: "none", noValue: "not known", width: 3 } as const;

const LISTED = ofZones("ktcloud_zone_load_balancers");

const overview = {
  title: "Overview",
  panels: [
    stat({
      ...ABSENT,
      title: "Load balancers",
      description:
        "In the zones chosen above. Absent while the number is not known of one of them: a part of the sum would look like load balancers that are gone.",
      color: "text",
      queries: [
        { expr: `sum(${LISTED}) and count(${LISTED}) == count(${ofZones("ktcloud_zone_up")})` },
      ],
    }),
    stat({
      ...ABSENT,
      title: "Load balancers down",
      description: "Those whose state is not UP, which tells of their servers.",
      steps: NONE_IS_GOOD,
      queries: [{ expr: `sum(${ofBalancers("ktcloud_lb_info")} == bool 0)` }],
    }),
    stat({
      ...ABSENT,
      title: "Servers down",
      description: "Servers of these load balancers whose state is not UP.",
      steps: NONE_IS_GOOD,
      queries: [{ expr: `sum(${ofServers("ktcloud_lb_server_state")} == bool 0)` }],
    }),
    stat({
      ...ABSENT,
      title: "Zones not answering",
      description:
        "Zones that the last collection could not list. What is shown of them is what was known last, and ends when it is 5 minutes old.",
      steps: NONE_IS_GOOD,
      queries: [{ expr: `sum(${ofZones("ktcloud_zone_up")} == bool 0)` }],
    }),
    stat({
      ...ABSENT,
      title: "Not read",
      description:
        "Load balancers whose servers the last collection could not read. Their last good servers are shown until they are 5 minutes old.",
      steps: NONE_IS_GOOD,
      queries: [{ expr: `sum(${ofBalancers("ktcloud_lb_success")} == bool 0)` }],
    }),
    stat({
      title: "Age of the page",
      description:
        "It grows to the collection interval and falls back. Beyond two intervals the worker or Prometheus stands still.",
      unit: "s",
      decimals: 0,
      noValue: "no page",
      steps: AGE,
      queries: [{ expr: `max(time() - ${ofPage("ktcloud_snapshot_timestamp_seconds")})` }],
      width: 3,
    }),
    stat({
      title: "Leader",
      description:
        "The replica that collects. Without leader election every exporter does. For a scrape interval after a takeover there may be two.",
      unit: "none",
      noValue: "nobody",
      color: "green",
      shows: "name",
      queries: [
        {
          expr: `max by (pod, instance) (ktcloud_exporter_leader{${PAGE}} == 1)`,
          legend: "{{pod}} {{instance}}",
        },
      ],
      width: 6,
    }),
  ],
};

export const loadBalancers = createDashboard({
  uid: "ktcloud-load-balancers",
  title: "KT Cloud load balancers",
  description:
    "The load balancers of KT Cloud's DX zones as lb-exporter tells of them. What is absent is not known; it is never shown as zero.",
  tags: ["ktcloud"],
  from: "now-6h",
  variables: [
    ...jobChoices("ktcloud_exporter_leader"),
    choice("account", "Account", `label_values(ktcloud_zone_up{${PAGE}}, account)`),
    choice("zone", "Zone", `label_values(ktcloud_lb_info{${PAGE}, account=~"$account"}, zone)`),
    choice("lb_name", "Load balancers", `label_values(ktcloud_lb_info{${ZONES}}, lb_name)`),
    single("selected_lb", "Selected", `label_values(ktcloud_lb_info{${BALANCERS}}, lb_name)`),
  ],
  pages: { "About the exporter": "exporter.md" },
  rows: [overview, fleet, selected, collection],
});
