/** Names that no label should have to bear: each comes back from the page as the cloud wrote it. */
import { describe, expect, test } from "bun:test";
import { BOTH, createStation, factsOf, failuresOn, startStation } from "../testing/station.ts";

const NAMES: readonly (readonly [what: string, written: string, shown?: string])[] = [
  ["a quote", 'a"b'],
  ["a backslash at its end", "a\\"],
  ["a backslash before an n", "a\\nb"],
  ["a new line", "a\nb"],
  ["a carriage return", "a\rb"],
  ["all of them", '\\"\n\\\\n"'],
  ["what ends a sample", 'a"} 1\nktcloud_lb_total_count 0\n# EOF'],
  ["Korean", "쇼핑몰-이미지"],
  ["Korean, taken apart", "쇼핑몰".normalize("NFD")],
  ["right-to-left marks", "a\u202eb\u2066"],
  ["characters beyond the first plane", "lb-🚀-𠮷"],
  ["NUL", "a\u0000b"],
  ["control characters", "\u0001a\u001b[31m\u007f"],
  ["a line separator", "a\u2028b\u0085c"],
  ["half of a surrogate pair", "a\ud800b", "a\ufffdb"],
  ["both halves the wrong way round", "a\udc00\ud800b", "a\ufffd\ufffdb"],
  ["blanks around it", "  a  ", "a"],
  ["nothing", ""],
  ["nothing but blanks", " \t ", ""],
  ["200 characters", "x".repeat(200)],
  ["a rate limit's words", "ratelimit-timeout"],
  ["a key of every object", "__proto__"],
  ["markup", "</bdi><script>alert(1)</script>"],
];

function listOf(dialect: string, name: string, id: string) {
  return dialect === "command"
    ? {
        listloadbalancersresponse: {
          count: 1,
          loadbalancer: [{ loadbalancerid: id, name, state: name }],
        },
      }
    : { data: [{ loadbalancerId: id, loadbalancerName: name, state: name }] };
}

function serversOf(dialect: string, text: string) {
  const server = { ipAddress: `10.0.0.1${text}`, publicPort: `80${text}`, monitorState: text };
  return dialect === "command"
    ? {
        listloadbalancerwebserversresponse: { loadbalancerwebserver: [{ ...server, state: text }] },
      }
    : { data: { vm: [server] } };
}

describe.each([...BOTH])("a load balancer by %s that is named", (dialect) => {
  test.each(NAMES)("%s", async (_what, written, shown = written) => {
    await using here = startStation({ target: { dialect } });
    const faults = [
      { call: "listLoadBalancers", body: listOf(dialect, written, `id${written}`) },
      { call: "listLoadBalancerWebServers", body: serversOf(dialect, written) },
    ] as const;
    here.cloud.turn({ faults: faults.map((one) => ({ kind: "envelope", ...one })) });
    const page = await here.cycle();
    expect(failuresOn(page)).toEqual([]);
    expect(page.values("ktcloud_lb_success", "lb_name")).toEqual([shown]);
    expect(page.values("ktcloud_lb_state_info", "state")).toEqual([shown]);
    const end = (text: string) => (text + written).trim().toWellFormed();
    expect(page.values("ktcloud_lb_success", "lb_id")).toEqual([end("id")]);
    expect(page.values("ktcloud_server_state_info", "server_ip")).toEqual([end("10.0.0.1")]);
    expect(page.values("ktcloud_server_state_info", "server_port")).toEqual([end("80")]);
    expect(page.value("ktcloud_lb_total_count")).toBe(1);
    here.cloud.turn({ faults: [] });
    expect((await here.cycle()).all("ktcloud_lb_info")).toHaveLength(6);
  });
});

test.each([...BOTH])(
  "hostile names of a whole fleet by %s cost no line of the page",
  async (dialect) => {
    await using here = startStation({ fleet: { loadBalancers: 30 } });
    const plain = await createStation(here.cloud.url, { target: { dialect } }).cycle();
    here.cloud.turn({ names: "hostile" });
    const page = await createStation(here.cloud.url, { target: { dialect } }).cycle();
    expect(factsOf(page)).toHaveLength(factsOf(plain).length);
    expect(page.values("ktcloud_lb_info", "lb_id")).toEqual(
      plain.values("ktcloud_lb_info", "lb_id"),
    );
  },
);

test("what an error says is one line of the log, of 200 characters at most, whatever it holds", async () => {
  for (const [, text] of NAMES) {
    await using here = startStation();
    const body = { response: { errorcode: "500", errortext: `no${text}` } };
    here.cloud.turn({ faults: [{ kind: "envelope", body, call: "listLoadBalancers" }] });
    const page = await here.cycle();
    const failure = /ratelimit/.test(text) ? "ratelimit" : "api";
    expect(failuresOn(page)).toEqual([`list_load_balancers ${failure} 1`]);
    expect(here.warnings()).toHaveLength(1);
    const [line = ""] = here.warnings();
    expect(Array.from(line.trimEnd()).filter((character) => character < " ")).toEqual([]);
    expect(line.isWellFormed()).toBe(true);
    expect(line.length).toBeLessThan(600);
  }
});
