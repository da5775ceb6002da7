/** The pages that the upstream serves: written once as files, the same bytes in every run. */
import { truncateSync } from "node:fs";
import { join } from "node:path";

export interface Page {
  readonly name: string;
  readonly path: string;
}

/** The page of the bars: what a scrape of an ordinary application is, as Prometheus asks for it. */
export const GZIP_10: Page = { name: "gzip 10 KB", path: "/gzip10" };
export const PLAIN_140: Page = { name: "plain 140 KB", path: "/plain140" };
export const PAGES: readonly Page[] = [GZIP_10, PLAIN_140, { name: "plain 6 KB", path: "/plain6" }];
/** 500 MB that are on no disk: a file with a hole. */
export const HUGE: Page = { name: "500 MB", path: "/huge" };
const HUGE_BYTES = 500_000_000;

/** Writes all pages into a directory. */
export async function writePages(directory: string): Promise<void> {
  const write = (path: string, bytes: Uint8Array<ArrayBuffer> | string) =>
    Bun.write(join(directory, path), bytes);
  let lines = 100;
  while (Bun.gzipSync(exposition(lines)).length < 10_240) lines += 20;
  await write(GZIP_10.path, Bun.gzipSync(exposition(lines)));
  await write("/plain140", exposition(lines, 140_000));
  await write("/plain6", exposition(lines, 6_000));
  await write(HUGE.path, "");
  truncateSync(join(directory, HUGE.path), HUGE_BYTES);
}

/** A page in the text format of so many series, or of about so many bytes. */
function exposition(series: number, bytes = Number.POSITIVE_INFINITY): string {
  let text = "# HELP http_requests_total Requests answered.\n# TYPE http_requests_total counter\n";
  const limited = bytes !== Number.POSITIVE_INFINITY;
  // A fixed sequence in place of chance: the same page in every run.
  let state = 1;
  const next = () => (state = (state * 48_271) % 2_147_483_647);
  for (let i = 0; limited ? text.length < bytes : i < series; i++) {
    const code = [200, 200, 404, 500][next() % 4];
    text += `http_requests_total{method="GET",handler="/api/v1/${next().toString(36)}",code="${code}"} ${next()}\n`;
  }
  return text;
}
