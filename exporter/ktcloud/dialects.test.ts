import { describe, expect, test } from "bun:test";
import { ENDLESS } from "../testing/cloud.ts";
import type { JsonObject } from "./answer.ts";
import type { Dialect } from "./api.ts";
import { createApi, type DialectChoice } from "./dialects.ts";
import { ApiError } from "./errors.ts";

type Answer = JsonObject | ApiError;

const REST: JsonObject = { data: [{ loadbalancerId: "uuid" }], pagination: { total: 1 } };
const COMMAND: JsonObject = {
  listloadbalancersresponse: { loadbalancer: [{ loadbalancerid: 7 }] },
};
const NONE = failure("http", 404, true);

function failure(kind: ApiError["failure"], status: number, serviceNotFound = false) {
  const operation = "list_load_balancers" as const;
  return new ApiError("no", { failure: kind, operation, status, serviceNotFound });
}

/** A cloud that answers by path, and may be changed; with the paths that were asked for. */
function setUp(choice: DialectChoice, answers: Readonly<Record<string, Answer>>, known?: Dialect) {
  const cloud = { answers, asked: [] as string[], switches: [] as string[] };
  const client = {
    get: async (_operation: string, path: string) => {
      const [at = ""] = path.split("?");
      cloud.asked.push(at);
      const answer = cloud.answers[at] ?? NONE;
      if (answer instanceof ApiError) throw answer;
      return answer;
    },
  };
  const onSwitch = (from: Dialect, to: Dialect) => void cloud.switches.push(`${from} ${to}`);
  const api = createApi(client, choice, { known, onSwitch });
  const list = async () => {
    cloud.asked = [];
    const listing = await api.listLoadBalancers(ENDLESS).catch((error: unknown) => error);
    return listing instanceof ApiError
      ? `${listing.failure} ${listing.status}`
      : (listing as { items: { id: string }[] }).items.map(({ id }) => id).join();
  };
  return { cloud, api, list };
}

const PATHS = {
  rest: "/loadbalancers",
  client: "/loadbalancer/client/api",
  old: "/loadbalancer/api",
};

describe("auto", () => {
  test.each<[string, Record<string, Answer>, string, string[]]>([
    ["takes rest where it is", { [PATHS.rest]: REST }, "uuid", [PATHS.rest]],
    [
      "turns to command where the gateway knows no rest",
      { [PATHS.client]: COMMAND },
      "7",
      [PATHS.rest, PATHS.client],
    ],
    ["and to its older path", { [PATHS.old]: COMMAND }, "7", [PATHS.rest, PATHS.client, PATHS.old]],
    ["fails where there is none", {}, "http 404", [PATHS.rest, PATHS.client, PATHS.old]],
    ...(
      [
        ["auth", 401],
        ["http", 404],
        ["http", 500],
        ["timeout", 0],
        ["ratelimit", 429],
      ] as const
    ).map(([kind, status]): [string, Record<string, Answer>, string, string[]] => [
      `never turns at ${kind} ${status}`,
      { [PATHS.rest]: failure(kind, status), [PATHS.client]: COMMAND },
      `${kind} ${status}`,
      [PATHS.rest],
    ]),
  ])("%s", async (_name, answers, expected, asked) => {
    const { cloud, list } = setUp("auto", answers);
    expect(await list()).toBe(expected);
    expect(cloud.asked).toEqual(asked);
  });

  test("asks first what a predecessor found, so that a new worker changes no ids", async () => {
    const both = { [PATHS.rest]: REST, [PATHS.client]: COMMAND };
    const { list } = setUp("auto", both, "command");
    expect(await list()).toBe("7");
  });

  test("remembers what answered, and looks again when the gateway no longer knows it", async () => {
    const { cloud, list, api } = setUp("auto", { [PATHS.old]: COMMAND });
    expect(api.dialect).toBeUndefined();
    await list();
    await list();
    expect(cloud.asked).toEqual([PATHS.old]);
    expect(api.dialect).toBe("command");
    cloud.answers = { [PATHS.rest]: REST };
    expect(await list()).toBe("uuid");
    expect(cloud.switches).toEqual(["command rest"]);
    await api.listServers("uuid", ENDLESS).catch(() => {});
    expect(cloud.asked.at(-1)).toBe("/loadbalancers/uuid/servers");
  });
});

test.each<[DialectChoice, string[]]>([
  ["command", [PATHS.client, PATHS.old]],
  ["rest", [PATHS.rest]],
])("%s asks for nothing else", async (choice, asked) => {
  const { cloud, list } = setUp(choice, {});
  expect(await list()).toBe("http 404");
  expect(cloud.asked).toEqual(asked);
});
