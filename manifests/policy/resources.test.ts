/** What containers need, and their limit. */
import { describe, expect, test } from "bun:test";
import { checkResources } from "./resources.ts";
import { CONTAINER, FIELD, fieldsOf, type Row } from "./testing/change.ts";

describe("checkResources()", () => {
  test("finds nothing where all is well", () => expect(fieldsOf(checkResources, [])).toEqual([]));

  test.each<Row>([
    [
      "no request of CPU",
      [["Deployment", `${CONTAINER}/resources/requests/cpu`]],
      [`${FIELD}.resources.requests.cpu`],
    ],
    [
      "no request of memory",
      [["Deployment", `${CONTAINER}/resources/requests/memory`]],
      [`${FIELD}.resources.requests.memory`],
    ],
    [
      "no limit of memory",
      [["Deployment", `${CONTAINER}/resources/limits`]],
      [`${FIELD}.resources.limits.memory`],
    ],
    [
      "no quantity",
      [["Deployment", `${CONTAINER}/resources/requests/memory`, "64 MB"]],
      [`${FIELD}.resources.requests.memory`],
    ],
    [
      "a request above the limit",
      [["Deployment", `${CONTAINER}/resources/requests/memory`, "1Gi"]],
      [`${FIELD}.resources.requests.memory`],
    ],
    [
      "nothing in a limit of CPU",
      [["Deployment", `${CONTAINER}/resources/limits/cpu`, "0.05"]],
      [],
    ],
  ])("finds %s", (_what, changes, fields) =>
    expect(fieldsOf(checkResources, changes)).toEqual([...fields]),
  );
});
