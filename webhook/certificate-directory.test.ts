import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError } from "../shared/config.ts";
import { createLogger } from "../shared/log.ts";
import { createCertificate, type TestCertificate } from "../shared/testing/certificate.ts";
import { type CertificateWatch, watchCertificates } from "./certificate-directory.ts";
import type { ServingCertificate } from "./certificates.ts";
import { mountSecret, type Pair } from "./testing/mounted-secret.ts";

/** So long that a test which passes did not wait for it. */
const NEVER_MS = 3_600_000;

const root = mkdtempSync(join(tmpdir(), "certificate-directory-"));
let first: TestCertificate;
let second: TestCertificate;
let third: TestCertificate;
let watches: CertificateWatch[] = [];

beforeAll(async () => {
  first = await createCertificate();
  second = await createCertificate();
  third = await createCertificate();
});
afterEach(() => {
  for (const one of watches) one.close();
  watches = [];
});
afterAll(() => rmSync(root, { recursive: true }));

function write(directory: string, { cert, key }: Pair): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "tls.crt"), cert);
  writeFileSync(join(directory, "tls.key"), key);
}

function createDirectory(): string {
  const directory = mkdtempSync(join(root, "d-"));
  write(directory, first);
  return directory;
}

interface Line {
  readonly level: string;
  readonly problem?: string;
  readonly served_not_after?: string;
}

/** A watch that only looks when told to, unless `times` says otherwise. */
function watch(directory: string, times: { pollMs?: number; settleMs?: number } = {}) {
  const served: ServingCertificate[] = [];
  const lines: Line[] = [];
  const counted: string[] = [];
  let news = Promise.withResolvers<void>();
  const tell = () => {
    news.resolve();
    news = Promise.withResolvers();
  };
  const log = createLogger({
    level: "debug",
    format: "json",
    write: (line) => {
      lines.push(JSON.parse(line) as Line);
      tell();
    },
  });
  const opened = watchCertificates(directory, {
    log,
    serve: (certificate) => {
      served.push(certificate);
      tell();
    },
    metrics: { refused: () => counted.push("refused"), recovered: () => counted.push("recovered") },
    pollMs: NEVER_MS,
    settleMs: NEVER_MS,
    ...times,
  });
  watches.push(opened);
  /** Resolves once so many pairs have been served. */
  const servings = async (count: number) => {
    while (served.length < count) await news.promise;
  };
  const warnings = async (count: number) => {
    while (lines.filter(({ level }) => level === "WARN").length < count) await news.promise;
  };
  const certs = () => served.map(({ cert }) => cert);
  return { look: () => opened.look(), certs, served, lines, counted, servings, warnings };
}

describe("watchCertificates() serves", () => {
  test("what is there at the start", () => {
    expect(watch(createDirectory()).certs()).toEqual([first.cert]);
  });

  test("a pair that differs, and only once", () => {
    const directory = createDirectory();
    const { look, certs, lines, counted } = watch(directory);
    for (const pair of [first, second, second, third]) {
      write(directory, pair);
      look();
    }
    expect(certs()).toEqual([first.cert, second.cert, third.cert]);
    expect([lines, counted]).toEqual([[], []]);
  });

  test("a chain that differs under the same key", () => {
    const directory = createDirectory();
    const { look, certs } = watch(directory);
    write(directory, { cert: first.cert + first.ca, key: first.key });
    look();
    expect(certs()).toEqual([first.cert, first.cert + first.ca]);
  });

  test("nothing at the start where nothing is usable, with every problem", () => {
    const start = () => watch(join(root, "none"));
    expect(start).toThrow(ConfigError);
    expect(start).toThrow("cannot be opened");
  });
});

describe("watchCertificates() notices, without a poll,", () => {
  test("each swap of a mounted Secret", async () => {
    using secret = mountSecret(first);
    const { servings, certs } = watch(secret.directory, { settleMs: 0 });
    for (const [index, pair] of [second, third, first].entries()) {
      secret.swap(pair);
      await servings(index + 2);
    }
    expect(certs()).toEqual([first.cert, second.cert, third.cert, first.cert]);
  });

  test("files that are written one after the other, as one change", async () => {
    const directory = createDirectory();
    const { servings, lines } = watch(directory, { settleMs: 30 });
    writeFileSync(join(directory, "tls.crt"), second.cert);
    writeFileSync(join(directory, "tls.key"), second.key);
    await servings(2);
    expect(lines).toEqual([]);
  });
});

test("watchCertificates() notices by its poll what no event tells of", async () => {
  const directory = createDirectory();
  const { warnings, servings, certs } = watch(directory, { pollMs: 5, settleMs: 0 });
  rmSync(directory, { recursive: true });
  await warnings(1);
  write(directory, second);
  await servings(2);
  write(directory, third);
  await servings(3);
  expect(certs()).toEqual([first.cert, second.cert, third.cert]);
});

test("watchCertificates() reports a directory that vanished at once, by its event", async () => {
  const directory = createDirectory();
  const { warnings, counted, lines } = watch(directory, { settleMs: 0 });
  rmSync(directory, { recursive: true });
  await warnings(1);
  expect(counted.length).toBeGreaterThan(0);
  expect(lines[0]?.problem).toContain(directory);
});

describe("watchCertificates() refuses, and keeps the last good pair,", () => {
  test.each<[string, () => Pair, string]>([
    [
      "a half-written certificate",
      () => ({ ...second, cert: second.cert.slice(0, 300) }),
      "tls.crt",
    ],
    ["an empty key", () => ({ ...second, key: "" }), "tls.key"],
    ["a key of another certificate", () => ({ ...second, key: third.key }), "is not the key"],
  ])("%s", (_name, pair, problem) => {
    const directory = createDirectory();
    const { look, certs, served, lines, counted } = watch(directory);
    write(directory, pair());
    for (let looks = 0; looks < 3; looks += 1) look();
    expect(certs()).toEqual([first.cert]);
    expect(counted).toEqual(["refused"]);
    expect(lines).toEqual([
      expect.objectContaining({
        level: "WARN",
        problem: expect.stringContaining(problem),
        served_not_after: served[0]?.notAfter.toISOString(),
      }),
    ]);
    expect(JSON.stringify(lines)).not.toContain(second.key.split("\n")[1] ?? "");

    write(directory, second);
    look();
    expect(certs()).toEqual([first.cert, second.cert]);
  });

  test("each distinct problem once, until something usable was there", () => {
    const directory = createDirectory();
    const { look, lines, counted } = watch(directory);
    const [broken, mismatched] = [
      { ...second, key: "" },
      { ...second, key: third.key },
    ];
    for (const pair of [broken, mismatched, broken, mismatched, second, broken]) {
      write(directory, pair);
      look();
    }
    expect(counted).toEqual(["refused", "refused", "refused"]);
    expect(lines).toHaveLength(3);
  });

  test("and says so when what is served is there again", () => {
    const directory = createDirectory();
    const { look, certs, lines, counted } = watch(directory);
    rmSync(join(directory, "tls.crt"));
    look();
    write(directory, first);
    look();
    look();
    expect(certs()).toEqual([first.cert]);
    expect(counted).toEqual(["refused", "recovered"]);
    expect(lines.map(({ level }) => level)).toEqual(["WARN", "INFO"]);
  });
});

test("close() ends the watch and the poll", async () => {
  const directory = createDirectory();
  const closed = watch(directory, { pollMs: 5, settleMs: 0 });
  const open = watch(directory, { pollMs: 5, settleMs: 0 });
  for (const one of watches.slice(0, 1)) one.close();
  write(directory, second);
  await open.servings(2);
  expect(closed.certs()).toEqual([first.cert]);
});
