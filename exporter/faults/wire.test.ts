/** What can go wrong below the JSON: bodies, encodings, connections, and how much there is of an answer. */
import { describe, expect, test } from "bun:test";
import type { AddressInfo } from "node:net";
import { createServer, type Socket } from "node:net";
import { BOTH, createStation, factsOf, failuresOn, startStation } from "../testing/station.ts";

const HTML = "<html><head><title>502 Bad Gateway</title></head></html>";
const LIST = JSON.stringify({ listloadbalancersresponse: { count: 0 } });

/** A cloud that lets everybody in and answers the lists so. */
function startAnswering(list: (request: Request) => Response) {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request) =>
      request.method === "POST"
        ? Response.json({}, { status: 201, headers: { "x-subject-token": "gAAAAtoken" } })
        : list(request),
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

type Body = readonly [name: string, respond: () => Response, error: string | undefined];

/** What the list of load balancers comes as, and the failure that it is counted as. */
const BODIES: readonly Body[] = [
  ["a page of HTML with 200", () => new Response(HTML), "parse"],
  ["a page of HTML with 502", () => new Response(HTML, { status: 502 }), "http"],
  ["nothing with 200", () => new Response(""), "parse"],
  ["nothing with 204", () => new Response(null, { status: 204 }), "parse"],
  ["nothing with 304", () => new Response(null, { status: 304 }), "http"],
  ["JSON called HTML", () => typed("text/html"), undefined],
  ["JSON called nothing", () => typed(""), undefined],
  ["JSON called a picture", () => typed("image/png"), undefined],
  ["JSON behind a byte order mark", () => new Response(`\ufeff${LIST}`), undefined],
  ["JSON behind blanks", () => new Response(` \r\n${LIST}\n`), undefined],
  ["JSON twice", () => new Response(LIST + LIST), "parse"],
  ["JSON in UTF-16", () => new Response(Buffer.from(LIST, "utf16le")), "parse"],
  ["JSON that is gzipped", () => encoded("gzip", Bun.gzipSync(LIST)), undefined],
  ["JSON that is deflated", () => encoded("deflate", Bun.deflateSync(LIST)), undefined],
  ["half of a gzip stream", () => encoded("gzip", Bun.gzipSync(LIST).subarray(0, 25)), "network"],
  ["plain text called gzip", () => encoded("gzip", Buffer.from(LIST)), "network"],
  ["a bomb of 100 MB in 100 KB", () => encoded("gzip", bomb()), "parse"],
  ["a redirect to itself", () => Response.redirect("/d1/loadbalancers", 307), "http"],
  [
    "numbers beyond all bounds",
    () => new Response('{"listloadbalancersresponse":{"count":1e999}}'),
    undefined,
  ],
  ["arrays of any depth", () => new Response(deep("[", "]")), undefined],
  ["objects of any depth", () => new Response(deep('{"a":', "}")), undefined],
];

function typed(type: string): Response {
  return new Response(LIST, { headers: { "content-type": type } });
}

function encoded(encoding: string, body: Uint8Array<ArrayBuffer>): Response {
  return new Response(body, { headers: { "content-encoding": encoding } });
}

function bomb() {
  return Bun.gzipSync(Buffer.alloc(100 * 1024 * 1024, " "));
}

function deep(open: string, close: string): string {
  const value = `${open.repeat(20_000)}1${close.repeat(20_000)}`;
  return `{"listloadbalancersresponse":{"success":${value},"loadbalancer":[]}}`;
}

describe("the list comes as", () => {
  test.each(BODIES)("%s", async (_name, respond, error) => {
    await using cloud = startAnswering(respond);
    const here = createStation(cloud.url);
    const page = await here.cycle();
    const fine = error === undefined;
    expect(failuresOn(page)).toEqual(fine ? [] : [`list_load_balancers ${error} 1`]);
    expect(page.value("ktcloud_zone_up")).toBe(fine ? 1 : 0);
    expect(page.value("ktcloud_lb_total_count")).toBe(fine ? 0 : undefined);
    expect(here.warnings()).toHaveLength(fine ? 0 : 1);
    expect(here.warnings().join()).not.toContain("gAAAA");
  });

  test("a redirect: no other host hears of it, nor the token", async () => {
    const heard: string[] = [];
    await using other = startAnswering((request) => {
      heard.push(request.url);
      return new Response(LIST);
    });
    for (const status of [301, 302, 303, 307, 308]) {
      await using cloud = startAnswering(() => Response.redirect(`${other.url}/`, status));
      const page = await createStation(cloud.url).cycle();
      expect(failuresOn(page)).toEqual(["list_load_balancers http 1"]);
      expect(page.value("ktcloud_api_calls_total", { code: String(status) })).toBe(1);
    }
    expect(heard).toEqual([]);
  });
});

test.each([...BOTH])(
  "a body over the cap by %s is given up, whatever it holds",
  async (dialect) => {
    await using here = startStation({ target: { dialect } });
    const before = await here.cycle();
    const only = { call: "listLoadBalancerWebServers", lbId: "38002" } as const;
    here.cloud.turn({ faults: [{ kind: "large", bytes: 64 * 1024 * 1024, ...only }] });
    const page = await here.cycle();
    expect(factsOf(page)).toEqual(factsOf(before));
    expect(failuresOn(page)).toEqual(["list_servers parse 1"]);
    expect(here.warnings()[0]).toContain("the body is larger than 67108864 bytes");
    expect(here.warnings()).toHaveLength(1);
  },
);

const LOGIN = "HTTP/1.1 201 Created\r\nx-subject-token: T\r\ncontent-length: 2\r\n\r\n{}";
const OK = "HTTP/1.1 200 OK\r\n";

type Raw = readonly [name: string, bytes: string, end: "close" | "reset" | "hold", error: string];

/** What comes over the connection instead of an HTTP answer, and how it ends. */
const RAW: readonly Raw[] = [
  ["nothing, and is closed", "", "close", "network"],
  ["nothing, and is reset", "", "reset", "network"],
  ["nothing, and stays open", "", "hold", "timeout"],
  ["half of a head", "HTTP/1.1 200 OK\r\nconte", "close", "network"],
  ["half of a head, and stays open", "HTTP/1.1 200 OK\r\nconte", "hold", "timeout"],
  ["no HTTP", "SSH-2.0-OpenSSH_9.2\r\n\r\n", "close", "network"],
  ["less than the length it names", `${OK}content-length: 900\r\n\r\n${LIST}`, "close", "network"],
  [
    "less than its length, and stays open",
    `${OK}content-length: 900\r\n\r\n${LIST}`,
    "hold",
    "timeout",
  ],
  [
    "chunks without an end",
    `${OK}transfer-encoding: chunked\r\n\r\n5\r\n{"lis\r\n`,
    "close",
    "network",
  ],
  [
    "chunks whose length is none",
    `${OK}transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n`,
    "close",
    "network",
  ],
  ["half of a body without a length", `${OK}\r\n${LIST.slice(0, 20)}`, "close", "parse"],
];

/** A cloud of raw bytes that lets everybody in. */
async function startRaw(bytes: string, end: Raw[2]) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", (data) => {
      const login = data.toString().startsWith("POST");
      if (login || bytes !== "") socket.write(login ? LOGIN : bytes);
      if (login) return;
      if (end === "close") socket.end();
      if (end === "reset") socket.resetAndDestroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

describe("the connection gives", () => {
  test.each(RAW)("%s", async (_name, bytes, end, error) => {
    await using cloud = await startRaw(bytes, end);
    const here = createStation(cloud.url, { target: { timeoutMs: 150 } });
    const page = await here.cycle();
    expect(failuresOn(page)).toEqual([`list_load_balancers ${error} 1`]);
    expect(page.value("ktcloud_zone_up")).toBe(0);
    expect(page.value("ktcloud_lb_total_count")).toBeUndefined();
    expect(here.warnings()).toHaveLength(1);
  });

  test("a whole answer without a length, up to its end", async () => {
    await using cloud = await startRaw(`${OK}\r\n${LIST}`, "close");
    const page = await createStation(cloud.url).cycle();
    expect(page.value("ktcloud_lb_total_count")).toBe(0);
  });
});

describe.each([...BOTH])("calls by %s", (dialect) => {
  test("of which one is reset on a used connection are repeated, and all is whole", async () => {
    await using here = startStation({ target: { dialect } });
    const before = await here.cycle();
    for (const kind of ["reset", "cut", "truncated"] as const) {
      here.cloud.turn({ faults: [{ kind, times: 1, call: "listLoadBalancers" }] });
      const page = await here.cycle();
      // Half of the JSON is no fault of the connection: what is wrong once may be wrong again.
      expect(factsOf(page)).toEqual(factsOf(before));
      expect(page.value("ktcloud_zone_up")).toBe(kind === "truncated" ? 0 : 1);
    }
  });

  test("that fail once each are sent again once, and nothing is missing", async () => {
    await using here = startStation({ target: { dialect } });
    const before = await here.cycle();
    const balancers = before.values("ktcloud_lb_info", "lb_id");
    const faults = balancers.map(
      (lbId) => ({ kind: "status", status: 503, body: "html", lbId, times: 1 }) as const,
    );
    here.cloud.turn({
      faults: [
        { kind: "status", status: 502, body: "html", call: "listLoadBalancers", times: 1 },
        ...faults,
      ],
    });
    const page = await here.cycle();
    expect(factsOf(page)).toEqual(factsOf(before));
    expect(page.all("ktcloud_lb_success").every(({ value }) => value === 1)).toBe(true);
    expect(failuresOn(page)).toEqual([]);
    expect(page.value("ktcloud_api_retries_total", { operation: "list_load_balancers" })).toBe(1);
    expect(page.value("ktcloud_api_retries_total", { operation: "list_servers" })).toBe(6);
    const calls = page.all("ktcloud_api_calls_total", { operation: "list_servers" });
    expect(calls.map(({ labels, value }) => [labels.code, value])).toEqual([
      ["200", 12],
      ["503", 6],
    ]);
    expect(here.warnings()).toEqual([]);
  });
});
