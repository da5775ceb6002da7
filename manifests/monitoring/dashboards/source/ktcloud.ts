/**
 * What the load balancers' dashboard asks of the exporter's page: by the variables chosen, and as one
 * series for each thing, whichever replica tells of it.
 */
import { newest } from "./words.ts";

/** Of the page as a whole. */
export const PAGE = 'namespace=~"$namespace", job=~"$job"';
export const ZONES = `${PAGE}, account=~"$account", zone=~"$zone"`;
export const BALANCERS = `${ZONES}, lb_name=~"$lb_name"`;
const SELECTED = `${ZONES}, lb_name="$selected_lb"`;

/** Where a page is from. Exporters for development and production may be under one Prometheus. */
const PAGE_LABELS = ["namespace", "job"];
const ZONE_LABELS = [...PAGE_LABELS, "account", "zone"];
/** Names may repeat, the ids do not. */
export const BALANCER_LABELS = [...ZONE_LABELS, "lb_id", "lb_name"];
const SERVER_LABELS = [...BALANCER_LABELS, "server_ip", "server_port"];

export function ofPage(metric: string): string {
  return newest(PAGE_LABELS, `${metric}{${PAGE}}`);
}

/** With `more`, labels that are added to those of a zone. */
export function ofZones(metric: string, more: readonly string[] = []): string {
  return newest([...ZONE_LABELS, ...more], `${metric}{${ZONES}}`);
}

/** With `more`, labels that are added to those of a load balancer. */
export function ofBalancers(metric: string, more: readonly string[] = []): string {
  return newest([...BALANCER_LABELS, ...more], `${metric}{${BALANCERS}}`);
}

export function ofServers(metric: string): string {
  return newest(SERVER_LABELS, `${metric}{${BALANCERS}}`);
}

export function ofSelected(metric: string): string {
  return newest(BALANCER_LABELS, `${metric}{${SELECTED}}`);
}

/** With `more`, labels that are added to those of a server. */
export function ofSelectedServers(metric: string, more: readonly string[] = []): string {
  return newest([...SERVER_LABELS, ...more], `${metric}{${SELECTED}}`);
}
