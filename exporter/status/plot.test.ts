import { describe, expect, test } from "bun:test";
import { plot, plotInWords } from "./plot.ts";

const START = Date.UTC(2026, 10, 25, 9, 0);
const MINUTE = 60_000;

/** Points of one a minute, `undefined` being a gap; with `skip`, that many minutes are left out before the last. */
function points(values: readonly (number | undefined)[], skip = 0) {
  return values.map((value, i) => ({
    atMs: START + (i + (i === values.length - 1 ? skip : 0)) * MINUTE,
    value,
  }));
}

function draw(values: readonly (number | undefined)[], skip = 0): string {
  const given = { title: "Requests per second", caption: "Requests/s", intervalMs: MINUTE };
  return plot({ ...given, points: points(values, skip) });
}

/** The lines of a plot, and the places of its bands. */
function drawn(html: string) {
  return {
    lines: [...html.matchAll(/<path d="([^"]+)"/g)].map(([, path]) => path),
    gaps: [...html.matchAll(/<rect x="(\d+)" width="(\d+)"/g)].map(
      ([, x, width]) => `${x}+${width}`,
    ),
  };
}

describe("plot()", () => {
  test.each<[string, (number | undefined)[], { lines: string[]; gaps: string[] }]>([
    [
      "goes from 0 at the foot to the largest at the top",
      [0, 10, 5],
      { lines: ["M2 38l118-36 118 18"], gaps: [] },
    ],
    ["lies at the foot where all is 0", [0, 0], { lines: ["M2 38l236 0"], gaps: [] }],
    [
      "breaks at a gap, which is a band",
      [4, 4, undefined, 4, 4],
      { lines: ["M2 2l59 0", "M179 2l59 0"], gaps: ["61+118"] },
    ],
    [
      "has bands at both ends",
      [undefined, 4, 4, undefined],
      { lines: ["M81 2l78 0"], gaps: ["2+79", "159+79"] },
    ],
    [
      "shows a lone value as a dot",
      [undefined, 4, undefined],
      { lines: ["M120 2h0"], gaps: ["2+118", "120+118"] },
    ],
    ["cuts what cannot be at the foot", [-5, 5], { lines: ["M2 38l236-36"], gaps: [] }],
  ])("%s", (_, values, expected) => {
    expect(drawn(draw(values))).toEqual(expected);
  });

  test("breaks where nothing was collected for more than two intervals", () => {
    expect(drawn(draw([4, 4, 4], 1)).lines).toHaveLength(1);
    expect(drawn(draw([4, 4, 4], 2))).toEqual({
      lines: ["M2 2l59 0", "M238 2h0"],
      gaps: ["61+177"],
    });
  });

  test("says in words what it shows, and draws nothing where nothing is known", () => {
    expect(draw([3, 40.25, undefined, 12])).toStartWith(
      '<figure><figcaption><b>Requests/s</b>, 3 min: min 3, max 40.25, last 12</figcaption><svg role="img" aria-label="Requests per second from 09:00 to 09:03 UTC: min 3, max 40.25, last 12, 1 value not known"',
    );
    expect(draw([undefined, undefined])).toBe(
      "<figure><figcaption><b>Requests/s</b>, 1 min: not known</figcaption></figure>",
    );
  });
});

test("plotInWords() says that the last value is not known", () => {
  expect(plotInWords({ title: "Connections", points: points([1, undefined]) })).toBe(
    "Connections from 09:00 to 09:01 UTC: min 1, max 1, last not known, 1 value not known",
  );
});
