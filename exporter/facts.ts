/** Everything that one page shows. */
import type { Counters } from "./counters.ts";
import type { ZoneName } from "./ktcloud/zones.ts";
import type { Timing, ZoneState } from "./zone.ts";

/** The labels of `ktcloud_lb_exporter_info_info`, all but those of the zone. */
export interface ExporterLabels {
  readonly version: string;
  /** The port that it listens on. */
  readonly port: string;
  /** Seconds between two collections. */
  readonly scrape_interval: string;
  readonly data_source: string;
  readonly description: string;
}

/** One account in one zone. */
export interface ZoneFacts {
  /** `undefined`: no label. */
  readonly account: string | undefined;
  readonly zone: ZoneName;
  readonly state: ZoneState;
  readonly counters: Counters;
}

/** What was counted over all zones. */
export interface Totals {
  /** Pages built. */
  pages: number;
  /** Collections that took longer than the interval. */
  overruns: number;
}

/** What a page is rendered from. */
export interface PageFacts {
  readonly zones: readonly ZoneFacts[];
  readonly totals: Totals;
  readonly exporter: ExporterLabels;
  /** The collection that the page is from; `undefined` before the first. */
  readonly last: Timing | undefined;
  /** Milliseconds since the epoch. */
  readonly builtAtMs: number;
}
