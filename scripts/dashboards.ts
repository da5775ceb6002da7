/** Writes the Grafana dashboards that the code describes into manifests/monitoring/dashboards/. */
import { join } from "node:path";
import { DASHBOARDS } from "../manifests/monitoring/dashboards/source/dashboards.ts";

const FOLDER = join(import.meta.dir, "../manifests/monitoring/dashboards");

const paths = Object.keys(DASHBOARDS).map((name) => join(FOLDER, name));
for (const [name, dashboard] of Object.entries(DASHBOARDS)) {
  await Bun.write(join(FOLDER, name), JSON.stringify(dashboard));
}
const { exitCode } = Bun.spawnSync(["biome", "format", "--write", ...paths], {
  stdout: "ignore",
  stderr: "inherit",
});
process.exit(exitCode);
