import { describe, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { createLogger } from "../shared/log.ts";
import { createCertificate } from "../shared/testing/certificate.ts";
import { createServedCertificate, judgeValidity, type Validity } from "./served-certificate.ts";

const DAY_MS = 86_400_000;
const notBefore = new Date("2026-11-01T00:00:00Z");
const notAfter = new Date("2026-12-01T00:00:00Z");

test.each<[string, number, Validity]>([
  ["a millisecond before its begin", Number(notBefore) - 1, "not_yet"],
  ["at its begin", Number(notBefore), "valid"],
  ["seven days before its end", Number(notAfter) - 7 * DAY_MS, "valid"],
  ["a millisecond later", Number(notAfter) - 7 * DAY_MS + 1, "ends_soon"],
  ["at its end", Number(notAfter), "ends_soon"],
  ["a millisecond after its end", Number(notAfter) + 1, "ended"],
])("judgeValidity() %s", (_name, nowMs, expected) => {
  expect(judgeValidity({ notBefore, notAfter }, nowMs)).toBe(expected);
});

describe("createServedCertificate()", () => {
  async function start() {
    const { cert, key } = await createCertificate();
    const certificate = { kind: "usable", cert, key, notBefore, notAfter } as const;
    const clock = { nowMs: Number(notBefore) };
    const lines: string[] = [];
    const write = (line: string) => lines.push(line);
    const log = createLogger({ level: "info", format: "json", write });
    const served = createServedCertificate({ log, nowMs: () => clock.nowMs });
    return { certificate, clock, lines, served };
  }

  test("holds nothing at first, then what was set, and logs it without the key", async () => {
    const { certificate, served, lines } = await start();
    expect(served.current).toBeUndefined();
    served.set(certificate);
    expect(served.current).toBe(certificate);
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({
        level: "INFO",
        not_before: notBefore.toISOString(),
        not_after: notAfter.toISOString(),
        sha256_fingerprint: new X509Certificate(certificate.cert).fingerprint256,
      }),
    ]);
    expect(lines.join()).not.toContain(certificate.key.split("\n")[1] ?? "");
  });

  test("warns once for each state that the clock brings, and again for another certificate", async () => {
    const { certificate, clock, served, lines } = await start();
    const warnings = () => lines.filter((line) => line.includes('"WARN"'));
    served.remind();
    served.set(certificate);
    served.remind();
    expect(warnings()).toEqual([]);
    for (const [nowMs, count] of [
      [Number(notAfter) - DAY_MS, 1],
      [Number(notAfter) + 1, 2],
    ] as const) {
      clock.nowMs = nowMs;
      served.remind();
      served.remind();
      expect(warnings()).toHaveLength(count);
    }
    served.set(certificate);
    expect(warnings()).toHaveLength(3);
    expect(warnings().at(-1)).toContain("has ended");
  });
});
