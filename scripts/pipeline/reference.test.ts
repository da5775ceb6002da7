import { describe, expect, test } from "bun:test";
import { formatReference, parseReference } from "./reference.ts";

const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;

describe("parseReference()", () => {
  test.each([
    `lb-exporter=registry.example.com/lb-exporter:v1.2.3@${DIGEST}`,
    `lb-exporter=registry.example.com:5000/team/lb-exporter:main-latest@${DIGEST}`,
    `prometheus-metrics-proxy-hook=localhost:5000/a.b/c_d:sha-0123456789ab@${DIGEST}`,
  ])("reads %s, which formatReference() writes again", (text) => {
    expect(formatReference(parseReference(text))).toBe(text);
  });

  test("takes the parts apart", () => {
    expect(parseReference(`lb-exporter=r.example.com:5000/lb-exporter:v1@${DIGEST}`)).toEqual({
      image: "lb-exporter",
      name: "r.example.com:5000/lb-exporter",
      tag: "v1",
      digest: DIGEST,
    });
  });

  test.each([
    ["no digest", "lb-exporter=r/lb-exporter:v1"],
    ["no tag", `lb-exporter=r/lb-exporter@${DIGEST}`],
    ["no registry", `lb-exporter=lb-exporter:v1@${DIGEST}`],
    ["no name", `r/lb-exporter:v1@${DIGEST}`],
    ["a short digest", `lb-exporter=r/lb-exporter:v1@${DIGEST.slice(0, -1)}`],
    ["a long digest", `lb-exporter=r/lb-exporter:v1@${DIGEST}0`],
    ["capitals in the digest", `lb-exporter=r/lb-exporter:v1@${DIGEST.replaceAll("a", "A")}`],
    ["another algorithm", `lb-exporter=r/lb-exporter:v1@${DIGEST.replace("256", "512")}`],
    ["a second line", `lb-exporter=r/lb-exporter:v1@${DIGEST}\n`],
    ["a path out of the registry", `lb-exporter=r/../lb-exporter:v1@${DIGEST}`],
    ["a space", `lb-exporter=r/lb exporter:v1@${DIGEST}`],
    ["nothing", ""],
  ])("refuses %s", (_, text) => {
    expect(() => parseReference(text)).toThrow(RangeError);
  });
});
