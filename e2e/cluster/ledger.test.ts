import { describe, expect, test } from "bun:test";
import { complaints, type Ended, table } from "./ledger.ts";

const whole: Ended = { pod: "counter-1", waits: true, counted: 674, stored: 674 };
const control: Ended = { pod: "control-12", waits: false, counted: 679, stored: 506 };

describe("complaints()", () => {
  test("has none when all is stored, and the control has lost something", () => {
    expect(complaints([whole, control])).toEqual([]);
  });

  test.each<[string, readonly Ended[], string]>([
    [
      "an increment is lost",
      [{ ...whole, stored: 673 }, control],
      "counted 674, and 673 is stored",
    ],
    ["more is stored than counted", [{ ...whole, stored: 675 }, control], "and 675 is stored"],
    ["nothing is stored", [{ ...whole, stored: undefined }, control], "and nothing is stored"],
    ["a pod has not said", [{ ...whole, counted: undefined }, control], "has not said"],
    ["no such pod has ended", [control], "no pod with a final scrape has ended"],
    ["the control loses nothing", [whole, { ...control, stored: 679 }], "have lost nothing"],
    ["there is no control", [whole], "have lost nothing"],
    ["the control is unknown", [whole, { ...control, counted: undefined }], "have lost nothing"],
  ])("complains when %s", (_, pods, words) => {
    expect(complaints(pods)).toEqual([expect.stringContaining(words)]);
  });
});

test("table() is one line a pod", () => {
  const unknown = { pod: "counter-2", waits: true, counted: undefined, stored: undefined };
  expect(table([whole, unknown, control])).toBe(
    [
      "pod         waits  counted   stored     lost",
      "counter-1   yes        674      674        0",
      "counter-2   yes    unknown  nothing  unknown",
      "control-12  no         679      506      173",
    ].join("\n"),
  );
});
