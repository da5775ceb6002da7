/** Facts of a status page for a test: a healthy default for everything, a night of trouble, a large fleet. */
import type {
  BalancerStatus,
  HistoryPoint,
  ServerStatus,
  StatusFacts,
  ZoneStatus,
} from "../status/facts.ts";
import type { LiveFacts } from "../status/page.ts";

/** 10:02:36 UTC on a Wednesday. */
export const BUILT_AT_MS = Date.UTC(2026, 10, 25, 10, 2, 36);
export const INTERVAL_MS = 60_000;
export const MAX_AGE_MS = 300_000;

/** A name that is wrong everywhere: markup, quotes, a new line, Korean, right-to-left and control characters. */
export const HOSTILE =
  "</bdi><script>alert(\"1\")</script> &amp; 'x'\nnew line 한국어 \u202eright to left\u0007";
/** As a page has to show it. */
export const HOSTILE_SHOWN = HOSTILE.replace("\u0007", "␇");

export function server(given: Partial<ServerStatus> = {}): ServerStatus {
  return {
    ip: "172.25.0.10",
    port: "8080",
    state: "UP",
    connections: 12,
    throughputRate: 3.25,
    averageTtfbMs: 34,
    requestsPerSecond: 7.5,
    ...given,
  };
}

/** Servers with addresses of their own, one for each state. */
export function serversIn(...states: string[]): ServerStatus[] {
  return states.map((state, i) => server({ ip: `172.25.0.${i + 10}`, state, ...load(state, i) }));
}

export function balancer(given: Partial<BalancerStatus> = {}): BalancerStatus {
  return {
    id: "45486",
    name: "shop-web",
    serviceIp: "14.63.222.10",
    servicePort: "443",
    serviceType: "HTTPS",
    option: "ROUNDROBIN",
    healthcheckType: "http",
    state: "UP",
    connections: 24,
    requestsPerSecond: 15,
    problem: undefined,
    serversAtMs: BUILT_AT_MS - 400,
    servers: serversIn("UP", "UP"),
    history: [],
    ...given,
  };
}

export function zone(given: Partial<ZoneStatus> = {}): ZoneStatus {
  return {
    account: undefined,
    zone: "DX-M1",
    up: true,
    dialect: "command",
    problem: undefined,
    lastSuccessAtMs: BUILT_AT_MS - 400,
    lastDurationMs: 380,
    failures: 0,
    dropped: 0,
    balancers: [balancer()],
    ...given,
  };
}

export function facts(...zones: ZoneStatus[]): StatusFacts {
  return { builtAtMs: BUILT_AT_MS, intervalMs: INTERVAL_MS, maxAgeMs: MAX_AGE_MS, zones };
}

export function live(given: Partial<LiveFacts> = {}): LiveFacts {
  return {
    version: "0.1.0",
    revision: "37020af",
    telemetryPath: "/metrics",
    readiness: true,
    nowMs: BUILT_AT_MS + 12_000,
    builtAtMs: BUILT_AT_MS,
    role: "alone",
    leader: undefined,
    configProblem: undefined,
    ...given,
  };
}

/** A wave with its own phase; `gaps` are the places of what could not be read. */
export function wave(
  length: number,
  { phase = 0, gaps = [] }: { phase?: number; gaps?: readonly number[] } = {},
): HistoryPoint[] {
  return Array.from({ length }, (_, i) => {
    const atMs = BUILT_AT_MS - (length - 1 - i) * INTERVAL_MS;
    const value = 40 + 25 * Math.sin((i + phase) / 7) + 9 * Math.sin((i + phase) * 1.7);
    return gaps.includes(i)
      ? { atMs, requestsPerSecond: undefined, connections: undefined, up: undefined, servers: 3 }
      : {
          atMs,
          requestsPerSecond: Math.round(value * 10) / 10,
          connections: Math.round(value * 1.8 + 4 * Math.sin(i * 2.3)),
          up: 3,
          servers: 3,
        };
  });
}

/** The last points of something that nobody calls any more. */
function still(length: number): HistoryPoint[] {
  return wave(length).map((point) => ({ ...point, requestsPerSecond: 0, connections: 0, up: 0 }));
}

/** Three zones of two accounts: one with every kind of trouble, one that does not answer, one that is fine. */
export function night(): StatusFacts {
  const history = wave(60);
  const gaps = [20, 21, 22, 23, 24, 25, 59];
  const troubled = zone({
    account: "shop",
    dropped: 2,
    balancers: [
      balancer({ id: "45480", name: "orders-api", history, servers: serversIn("UP", "UP", "UP") }),
      balancer({
        id: "45481",
        name: "shop-web",
        servers: serversIn("UP", "DOWN", "UP", "OUT OF SERVICE"),
        history: wave(60, { phase: 9 }),
      }),
      balancer({
        id: "45482",
        name: "payments",
        state: "DOWN",
        requestsPerSecond: 0,
        connections: 0,
        servers: serversIn("DOWN", "DOWN"),
        history: [...wave(60, { phase: 30 }).slice(0, 52), ...still(8)],
      }),
      balancer({
        id: "45483",
        name: "search",
        serviceType: "TCP",
        problem: "list_servers failed (timeout): no whole answer within 10000 ms",
        serversAtMs: BUILT_AT_MS - 121_000,
        history: wave(60, { phase: 18, gaps }),
      }),
      balancer({
        id: "45484",
        name: HOSTILE,
        serviceIp: "2001:db8:85a3:8d3:1319:8a2e:370:7348",
        servers: [server({ ip: "2001:db8:85a3:8d3:1319:8a2e:370:7348", connections: 1_234_567 })],
        history: wave(4),
      }),
      balancer({ id: "45485", name: "batch", servers: [], ...NO_LOAD }),
      balancer({ id: "45486", name: "이미지-서버", history: wave(60, { phase: 44 }) }),
    ],
  });
  const dead = zone({
    account: "shop",
    zone: "DX-G",
    dialect: "rest",
    up: false,
    problem: "list_load_balancers failed (timeout): no whole answer within 10000 ms",
    failures: 4,
    lastSuccessAtMs: BUILT_AT_MS - 240_000,
    balancers: [
      balancer({ id: "1", name: "admin", serversAtMs: BUILT_AT_MS - 240_000 }),
      balancer({ id: "2", name: "intranet", serversAtMs: BUILT_AT_MS - 240_000 }),
    ],
  });
  const fine = zone({
    account: "labs",
    zone: "DX-Central",
    balancers: [
      balancer({ id: "7", name: "demo", history: wave(30) }),
      balancer({ id: "8", name: "docs", history: wave(60, { phase: 3 }) }),
    ],
  });
  return facts(fine, troubled, dead);
}

/** A zone with that many load balancers of that many servers; every `brokenEach`th has one that is DOWN. */
export function fleet(balancers: number, servers: number, brokenEach = 0): StatusFacts {
  const history = wave(60);
  const list = Array.from({ length: balancers }, (_, i) =>
    balancer({
      id: String(45_000 + i),
      name: `service-${i}-web-frontend`,
      servers: Array.from({ length: servers }, (__, k) =>
        server({
          ip: `172.25.${i % 250}.${k % 250}`,
          port: String(8000 + Math.floor(k / 250)),
          state: k === 0 && brokenEach > 0 && i % brokenEach === 0 ? "DOWN" : "UP",
        }),
      ),
      history,
    }),
  );
  return facts(zone({ balancers: list }));
}

const NO_LOAD = { connections: undefined, requestsPerSecond: undefined };

function load(state: string, i: number): Partial<ServerStatus> {
  if (state === "UP") return { connections: 12 + 5 * i, requestsPerSecond: 7.5 + i };
  return { connections: 0, requestsPerSecond: undefined, averageTtfbMs: undefined };
}
