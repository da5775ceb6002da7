/** What promtool says of a metrics page, and which of it is expected. */

/** The names that the exporter inherits; its users' dashboards depend on them, whatever promtool says. */
const INHERITED = [
  "ktcloud_lb_total_count",
  "ktcloud_lb_info",
  "ktcloud_lb_server_count",
  "ktcloud_lb_server_state",
  "ktcloud_server_current_connections",
  "ktcloud_server_throughput_rate_kbps",
  "ktcloud_server_avg_ttfb_ms",
  "ktcloud_server_requests_rate_per_sec",
  "ktcloud_lb_service_type_count",
  "ktcloud_lb_scrape_duration_seconds",
  "ktcloud_lb_last_scrape_timestamp",
  "ktcloud_lb_update_conflicts_total",
  "ktcloud_lb_atomic_updates_total",
  "ktcloud_lb_exporter_info_info",
];

/** promtool's complaints about a page, without those about inherited names. Throws if it cannot read it. */
export async function complaints(page: string): Promise<readonly string[]> {
  const promtool = Bun.spawn(["promtool", "check", "metrics"], {
    stdin: new Blob([page]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(promtool.stdout).text(),
    new Response(promtool.stderr).text(),
    promtool.exited,
  ]);
  // 0: nothing to say, 3: complaints; anything else: it could not parse the page.
  if (code !== 0 && code !== 3) throw new SyntaxError(`promtool cannot read the page: ${stderr}`);
  const lines = `${stdout}${stderr}`.split("\n").filter((line) => line.trim() !== "");
  return lines.filter((line) => !INHERITED.includes(line.split(" ")[0] ?? ""));
}
