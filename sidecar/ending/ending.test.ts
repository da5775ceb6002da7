import { afterEach, describe, expect, test } from "bun:test";
import { eventually } from "../../shared/testing/eventually.ts";
import { PROMETHEUS, startRig, textOf } from "../testing/rig.ts";
import { formatKey } from "./pages.ts";

const stack: (() => unknown)[] = [];

/** A grace period that ends soon. */
const SHORT = ["--termination-grace-period-seconds=1"];

afterEach(async () => {
  for (const end of stack.splice(0)) await end();
});

/** An application that counts, with a sidecar before it. */
function start(
  options: {
    readonly page?: (request: Request) => Response;
    readonly flags?: readonly string[];
  } = {},
) {
  let count = 0;
  const page = options.page ?? (() => new Response(`# TYPE a_total counter\na_total ${count}\n`));
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    development: false,
    reusePort: false,
    fetch: page,
  });
  const rig = startRig(server.port ?? 0, ...(options.flags ?? []));
  stack.push(rig.close, () => server.stop(true));
  const scrape = async (agent = "Prometheus/2.42.0", accept = "text/plain") => {
    const headers = { ...PROMETHEUS, "user-agent": agent, accept };
    const answer = await fetch(`${rig.url}/metrics`, { headers });
    return await answer.text();
  };
  const newest = () =>
    rig.pages.pageFor({
      path: "/metrics",
      headers: new Headers({ accept: "text/plain", "accept-encoding": "gzip" }),
    });
  /** Lets the application go once a capture has begun after its last count. */
  const leave = async () => {
    const now = performance.now();
    await eventually("a capture since then", () => (newest()?.asOfMs ?? 0) > now);
    await server.stop(true);
    await eventually("the session is final", () => rig.ending.phase !== "draining");
  };
  const final = () => rig.ending.phase;
  return { ...rig, server, scrape, leave, newest, final, count: () => ++count };
}

const known = async (rig: ReturnType<typeof start>) =>
  await eventually("what was sent is known to be received", () =>
    rig.scrapers.all().every(({ held }) => held),
  );

describe("Ending.end()", () => {
  test("keeps what the application counts after the signal until the scraper has it", async () => {
    const rig = start();
    await rig.scrape();
    const ended = rig.ending.end();
    rig.count();
    await rig.leave();
    expect(rig.ending.phase).toBe("final");
    expect(await rig.scrape()).toContain("a_total 1\n");
    expect((await ended).outcome).toBe("delivered");
  });

  test("waits for both of a pair", async () => {
    const rig = start();
    await rig.scrape("Prometheus/2");
    await rig.scrape("Prometheus/3");
    const ended = rig.ending.end();
    rig.count();
    await rig.leave();
    await rig.scrape("Prometheus/2");
    await eventually("the first has it", () =>
      rig.scrapers.all().some((one) => rig.ending.standing(one) === "newest"),
    );
    expect(rig.ending.phase).toBe("final");
    await rig.scrape("Prometheus/3");
    expect((await ended).outcome).toBe("delivered");
  });

  test("leaves at once when nothing has changed since what each scraper has", async () => {
    const rig = start();
    await rig.scrape();
    const ended = rig.ending.end();
    await known(rig);
    await rig.leave();
    expect((await ended).outcome).toBe("unchanged");
  });

  test("leaves at once when a scraper was served live after the last change", async () => {
    const rig = start();
    await rig.scrape();
    const ended = rig.ending.end();
    rig.count();
    await eventually("the count is captured", () => textOf(rig.newest()).includes("a_total 1\n"));
    expect(await rig.scrape()).toContain("a_total 1\n");
    await known(rig);
    await rig.leave();
    expect((await ended).outcome).toBe("unchanged");
  });

  test("is not satisfied by curl, a probe or a HEAD", async () => {
    const rig = start({ flags: SHORT });
    await rig.scrape();
    const ended = rig.ending.end();
    rig.count();
    await rig.leave();
    await fetch(`${rig.url}/metrics`, { method: "HEAD", headers: PROMETHEUS });
    expect(await (await fetch(`${rig.url}/metrics`)).text()).toContain("a_total 1\n");
    expect((await ended).outcome).toBe("deadline");
  });

  test("ends at the deadline while the application lives on", async () => {
    const rig = start({ flags: SHORT });
    await rig.scrape();
    rig.count();
    expect((await rig.ending.end()).outcome).toBe("deadline");
  });

  test("called twice is one end", async () => {
    const rig = start({ flags: SHORT });
    const [first, second] = await Promise.all([rig.ending.end(), rig.ending.end()]);
    expect(first).toBe(second);
  });

  test("closes idle connections, so that what they carried is known to be received", async () => {
    const rig = start();
    await (await fetch(`${rig.url}/metrics`, { headers: PROMETHEUS })).text();
    expect(rig.scrapers.all()[0]?.held).toBeUndefined();
    void rig.ending.end();
    await known(rig);
  });
});

/** A connection on which nothing has been asked yet. */
async function openConnection(port: number) {
  const answer = Promise.withResolvers<string>();
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      data: (_socket, data) => answer.resolve(data.toString()),
      end: () => answer.resolve("ended without an answer"),
    },
  });
  return { socket, answer: answer.promise };
}

/** A connection that is kept, and what came on it. */
async function keepAlive(port: number) {
  const answers: string[] = [];
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: { data: (_socket, data) => void answers.push(data.toString()) },
  });
  return { socket, answers };
}

describe("DRAINING", () => {
  test("answers a hook whose connection was opened just before the signal", async () => {
    const rig = start();
    const { socket, answer } = await openConnection(rig.port);
    // The signal is seen before the request, as when the kubelet sends both at once.
    void rig.ending.end();
    socket.write("GET /-/prestop HTTP/1.1\r\nHost: pod\r\n\r\n");
    expect(await answer).toStartWith("HTTP/1.1 200 OK\r\n");
  });

  test("does not cover an application that says no: its word goes on", async () => {
    let status = 200;
    const rig = start({ page: () => new Response("a_total 1\n", { status }) });
    void rig.ending.end();
    await eventually("a page is captured", () => rig.pages.captured);
    status = 401;
    expect((await fetch(`${rig.url}/metrics`, { headers: PROMETHEUS })).status).toBe(401);
  });

  test("answers a scrape that comes on its connection just before that would be ended", async () => {
    let slow = false;
    const rig = start({
      page: (() =>
        slow
          ? Bun.sleep(1300).then(() => new Response("late 1\n"))
          : new Response("a 1\n")) as () => Response,
    });
    const { socket, answers } = await keepAlive(rig.port);
    const request = "GET /metrics HTTP/1.1\r\nHost: pod\r\nUser-Agent: Prometheus/3\r\n\r\n";
    socket.write(request);
    await eventually("the first answer", () => answers.join("").includes("a 1\n"));
    rig.ending.prestop();
    slow = true;
    socket.write(request);
    await eventually("the second answer", () => answers.join("").includes("late 1\n"));
  });

  test("covers an application that fails by its newest whole page", async () => {
    let healthy = true;
    const rig = start({
      page: () => (healthy ? new Response("a_total 1\n") : new Response("no", { status: 503 })),
    });
    void rig.ending.end();
    await eventually("a page is captured", () => rig.pages.captured);
    healthy = false;
    expect(await rig.scrape()).toBe("a_total 1\n");
  });

  test("keeps no page that is an error or too large", async () => {
    for (const answer of [new Response("x".repeat(1001)), new Response("no", { status: 503 })]) {
      const rig = start({
        flags: [...SHORT, "--max-capture-bytes=1000"],
        page: () => answer.clone() as Response,
      });
      await rig.ending.end();
      expect(rig.pages.captured).toBe(false);
    }
  });
});

describe("Pages", () => {
  test("keep a page of its own for each format, and ask under their own name", async () => {
    const agents = new Set<string | null>();
    const rig = start({
      page: (request) => {
        agents.add(request.headers.get("user-agent"));
        return new Response(`${request.headers.get("accept")}`);
      },
    });
    const format = (accept: string) => ({
      path: "/metrics",
      headers: new Headers({ accept, "user-agent": "Prometheus/3" }),
    });
    for (const accept of ["openmetrics", "text"])
      rig.pages.want(formatKey(format(accept)), format(accept));
    expect(await rig.ending.captureOnce()).toBe("whole");
    expect(
      ["openmetrics", "text"].map((accept) => textOf(rig.pages.pageFor(format(accept)))),
    ).toEqual(["openmetrics", "text"]);
    expect([...agents]).toEqual(["prometheus-metrics-proxy/1"]);
  });

  test.each([
    ["cookie", "a=1"],
    ["x-api-key", "k"],
    ["x-scope-orgid", "t"],
  ])("take %s for a credential", async (name, value) => {
    const rig = start();
    const format = { path: "/metrics", headers: new Headers({ [name]: value }) };
    rig.pages.want(formatKey(format), format);
    await rig.ending.captureOnce();
    expect(rig.pages.pageFor(format)).toBeDefined();
    expect(rig.pages.pageFor({ path: "/metrics", headers: new Headers() })).toBeUndefined();
  });

  test("never give the page of another path or query", async () => {
    const rig = start();
    const format = { path: "/metrics?token=s3cret", headers: new Headers() };
    rig.pages.want(formatKey(format), format);
    await rig.ending.captureOnce();
    for (const path of ["/metrics", "/custom", "/metrics?token=other"]) {
      expect(rig.pages.pageFor({ path, headers: new Headers() })).toBeUndefined();
    }
    expect(await (await fetch(`${rig.url}/-/status`)).text()).not.toContain("s3cret");
  });

  test("take nothing but a whole 200 for a page", async () => {
    const rig = start({ page: () => new Response(null, { status: 204 }) });
    expect(await rig.ending.captureOnce()).toBe("failed");
    expect(rig.pages.captured).toBe(false);
  });

  test("give a page that was fetched with credentials only to who sends the same", async () => {
    const rig = start();
    const by = (headers: Record<string, string>) => ({
      path: "/metrics",
      headers: new Headers(headers),
    });
    const format = by({ authorization: "Bearer a" });
    rig.pages.want(formatKey(format), format);
    await rig.ending.captureOnce();
    expect(rig.pages.pageFor(format)).toBeDefined();
    expect(rig.pages.pageFor(by({}))).toBeUndefined();
    expect(rig.pages.pageFor(by({ authorization: "Bearer b" }))).toBeUndefined();
  });

  test("keep at most four formats, the newest asked for", async () => {
    const rig = start();
    const format = (accept: string) => ({ path: "/metrics", headers: new Headers({ accept }) });
    for (const accept of ["1", "2", "3", "4", "5"])
      rig.pages.want(formatKey(format(accept)), format(accept));
    await rig.ending.captureOnce();
    expect(rig.pages.page(formatKey(format("1")))).toBeUndefined();
    expect(rig.pages.page(formatKey(format("5")))).toBeDefined();
  });
});
