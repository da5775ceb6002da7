/** Everything that one page shows. */
import type { Counters } from "./counters.ts";
import type { ZoneName } from "./ktcloud/zones.ts";
import type { ZoneState } from "./zone.ts";

/** The labels of `ktcloud_lb_exporter_info_info`, all but the zone. */
export interface ExporterLabels {
  readonly version: string;
  /** The port that it listens on. */
  readonly port: string;
  /** Seconds between two collections. */
  readonly scrape_interval: string;
  readonly data_source: string;
  readonly description: string;
}

/** What a page is rendered from. */
export interface PageFacts {
  readonly zone: ZoneName;
  readonly state: ZoneState;
  readonly counters: Counters;
  readonly exporter: ExporterLabels;
  /** Milliseconds since the epoch. */
  readonly builtAtMs: number;
}
