/** The shared Secret, the caBundle and what is served, against an API server over HTTPS. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { Registry } from "prom-client";
import type { ApiError } from "../../shared/cluster/api.ts";
import { connect } from "../../shared/cluster/connection.ts";
import { createLogger } from "../../shared/log.ts";
import { createConfiguration } from "../../shared/testing/api-object.ts";
import { FakeApiServer } from "../../shared/testing/api-server.ts";
import type { ServingCertificate } from "../certificates.ts";
import { type Cluster, createCluster } from "../cluster/api.ts";
import { AUTHORITY_LIFE_MS, issueAuthority, issueServing, SERVING_LIFE_MS } from "./issue.ts";
import { namesOf, SelfSigned, type SelfSignedOptions } from "./loop.ts";
import { createSelfSignedMetrics } from "./metrics.ts";
import { OVERLAP_MS } from "./renewal.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const START_MS = Date.UTC(2026, 0, 1);

const SECRET = "hook-self-signed";
const CONFIGURATION = "hook";

let directory: string;
let api: FakeApiServer;
let cluster: Cluster;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "self-signed-"));
});
afterAll(() => rmSync(directory, { recursive: true }));
beforeEach(async () => {
  api = await FakeApiServer.start();
  api.put("mutatingwebhookconfigurations", createConfiguration(CONFIGURATION));
  const kubeconfig = join(directory, `${api.port}.yaml`);
  api.writeKubeconfig(kubeconfig);
  cluster = await createCluster(await connect({ env: {}, kubeconfig }));
});
afterEach(async () => await api[Symbol.asyncDispose]());

/** The moment that all replicas of a test share. */
class Clock {
  nowMs = START_MS;
}

function startReplica(
  clock: Clock,
  parts: Partial<Pick<SelfSignedOptions, "serviceName" | "cluster" | "serve">> = {},
) {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>);
  const served: ServingCertificate[] = [];
  const registry = new Registry();
  const selfSigned = new SelfSigned({
    cluster,
    namespace: "hook",
    secretName: SECRET,
    serviceName: "hook",
    configurationName: CONFIGURATION,
    serve: (certificate) => served.push(certificate),
    log: createLogger({ level: "info", format: "json", write }),
    metrics: createSelfSignedMetrics(registry, () => clock.nowMs),
    nowMs: () => clock.nowMs,
    ...parts,
  });
  return { look: () => selfSigned.look(), served, lines, registry, last: () => served.at(-1) };
}

interface Configuration {
  webhooks: { clientConfig: { caBundle?: string } }[];
}

/** The authorities that the API server trusts now. */
function bundle(): readonly X509Certificate[] {
  const configuration = api.get("mutatingwebhookconfigurations", CONFIGURATION);
  const { webhooks } = configuration as unknown as Configuration;
  const pem = Buffer.from(webhooks[0]?.clientConfig.caBundle ?? "", "base64").toString();
  const blocks = pem.match(/-----BEGIN[^]+?-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}

function isTrusted(certificate: ServingCertificate | undefined, nowMs: number): boolean {
  if (certificate === undefined) return false;
  const x509 = new X509Certificate(certificate.cert);
  return bundle().some((one) => one.validToDate.getTime() > nowMs && x509.verify(one.publicKey));
}

async function failure(look: () => Promise<number>): Promise<ApiError> {
  return await look().then(
    () => Promise.reject(new Error("expected a failure")),
    (error: ApiError) => error,
  );
}

describe("the first look", () => {
  test("makes a Secret with authority and certificate, publishes the one and serves the other", async () => {
    const { look, served, lines } = startReplica(new Clock());
    await look();
    expect(served).toHaveLength(1);
    const x509 = new X509Certificate(served[0]?.cert ?? "");
    for (const name of namesOf("hook", "hook")) expect(x509.checkHost(name)).toBe(name);
    expect(x509.validToDate.getTime()).toBe(START_MS + SERVING_LIFE_MS);
    expect(x509.validFromDate.getTime()).toBe(START_MS - HOUR_MS);
    expect(bundle()).toHaveLength(1);
    expect(bundle()[0]?.validToDate.getTime()).toBe(START_MS + AUTHORITY_LIFE_MS);
    expect(isTrusted(served[0], START_MS)).toBe(true);
    expect(api.get("secrets", SECRET)).toMatchObject({
      type: "kubernetes.io/tls",
      metadata: { labels: { "app.kubernetes.io/component": "webhook" } },
    });
    expect(lines.map(({ msg }) => msg)).toEqual([
      "Made a certificate authority",
      "Made a serving certificate",
      "Put the authority into the webhook configuration",
    ]);
  });

  test("leaves alone what is not its own in the configuration", async () => {
    await startReplica(new Clock()).look();
    expect(api.get("mutatingwebhookconfigurations", CONFIGURATION)).toMatchObject({
      metadata: { labels: { by: "somebody" } },
      webhooks: [{ sideEffects: "None", clientConfig: { service: { path: "/mutate" } } }],
    });
    const patch = api.asked.find(({ method }) => method === "PATCH");
    expect(patch?.query.get("fieldManager")).toBe("prometheus-metrics-proxy-hook");
  });

  test("takes what another replica has made", async () => {
    const clock = new Clock();
    const [first, second] = [startReplica(clock), startReplica(clock)];
    await first.look();
    await second.look();
    expect(second.last()?.cert).toBe(first.last()?.cert as string);
    expect(second.lines).toEqual([]);
  });

  test("of five replicas at once ends in one authority and one certificate", async () => {
    const clock = new Clock();
    const replicas = Array.from({ length: 5 }, () => startReplica(clock));
    await Promise.all(replicas.map(({ look }) => look()));
    // Whoever has published first may have been corrected: one more look, as the watch would bring.
    await Promise.all(replicas.map(({ look }) => look()));
    const certificates = new Set(replicas.map(({ last }) => last()?.cert));
    expect(certificates.size).toBe(1);
    expect(bundle()).toHaveLength(1);
    for (const { last } of replicas) expect(isTrusted(last(), clock.nowMs)).toBe(true);
    expect(api.asked.filter(({ method }) => method === "POST").length).toBeGreaterThan(1);
  });

  test("without a configuration serves all the same and says so once", async () => {
    api.remove("mutatingwebhookconfigurations", CONFIGURATION);
    const { look, served, lines } = startReplica(new Clock());
    await look();
    await look();
    expect(served).toHaveLength(1);
    expect(lines.filter(({ level }) => level === "WARN")).toHaveLength(1);
    expect(api.get("mutatingwebhookconfigurations", CONFIGURATION)).toBeUndefined();
    api.put("mutatingwebhookconfigurations", createConfiguration(CONFIGURATION));
    await look();
    expect(isTrusted(served[0], START_MS)).toBe(true);
  });
});

describe("a certificate is renewed", () => {
  test("when a third of its life is left, and the pause says when that is", async () => {
    const clock = new Clock();
    const { look, served, lines } = startReplica(clock);
    await look();
    clock.nowMs = START_MS + (SERVING_LIFE_MS * 2) / 3 - HOUR_MS;
    expect(await look()).toBe(600_000);
    expect(served).toHaveLength(1);
    clock.nowMs += HOUR_MS;
    await look();
    expect(served).toHaveLength(2);
    expect(lines.at(-1)).toMatchObject({
      msg: "Made a serving certificate",
      reason: "expires_soon",
    });
    expect(bundle()).toHaveLength(1);
  });

  test("the authority with an overlap: trusted an hour before it signs, the old one as long after", async () => {
    const clock = new Clock();
    const { look, last } = startReplica(clock);
    await look();
    const serials = () => bundle().map(({ serialNumber }) => serialNumber);
    const [old] = serials();
    clock.nowMs = START_MS + (AUTHORITY_LIFE_MS * 2) / 3;
    await look(); // The serving certificate has expired meanwhile, and comes first.
    expect(serials()).toHaveLength(2);
    const [made] = serials();
    expect(made).not.toBe(old as string);
    const signer = () => {
      const x509 = new X509Certificate(last()?.cert ?? "");
      return bundle().find((one) => x509.verify(one.publicKey))?.serialNumber;
    };
    expect(signer()).toBe(old as string);
    clock.nowMs += OVERLAP_MS + DAY_MS;
    await look();
    expect(signer()).toBe(old as string); // It is good, so nothing has to be signed anew.
    clock.nowMs += (SERVING_LIFE_MS * 2) / 3;
    await look();
    expect(signer()).toBe(made as string);
    expect(serials()).toEqual([made as string, old as string]);
    clock.nowMs += OVERLAP_MS;
    await look();
    expect(serials()).toEqual([made as string]);
  });
});

describe("no certificate that is served loses its trust", () => {
  test("when somebody removes the Secret: its authority stays trusted for the overlap", async () => {
    const clock = new Clock();
    const [first, second] = [startReplica(clock), startReplica(clock)];
    for (const { look } of [first, second]) await look();
    api.remove("secrets", SECRET);
    await first.look();
    // The other one has not seen it yet.
    for (const { last } of [first, second]) expect(isTrusted(last(), clock.nowMs)).toBe(true);
    expect(first.last()?.cert).not.toBe(second.last()?.cert as string);
    await second.look();
    expect(bundle()).toHaveLength(2);
    clock.nowMs += OVERLAP_MS;
    for (const { look } of [first, second]) await look();
    expect(bundle()).toHaveLength(1);
    expect(isTrusted(second.last(), clock.nowMs)).toBe(true);
  });

  test("however often the Secret is removed, and the bundle does not grow for it", async () => {
    const { look, last } = startReplica(new Clock());
    for (let times = 0; times < 8; times += 1) {
      const before = last();
      api.remove("secrets", SECRET);
      await look();
      if (before) expect(isTrusted(before, START_MS)).toBe(true);
    }
    expect(bundle()).toHaveLength(4);
  });

  test("when the Secret is gone while the configuration cannot be read, and a replica starts", async () => {
    const lasting = startReplica(new Clock());
    await lasting.look();
    api.remove("secrets", SECRET);
    api.fault = ({ path }) =>
      path.includes("mutating") ? { kind: "status", status: 500 } : undefined;
    const starting = startReplica(new Clock());
    expect((await failure(starting.look)).operation).toBe("get_webhook_configuration");
    expect(api.get("secrets", SECRET)).toBeUndefined();
    api.fault = () => undefined;
    await starting.look();
    for (const { last } of [lasting, starting]) expect(isTrusted(last(), START_MS)).toBe(true);
  });

  test("when it came from elsewhere before: a bundle of cert-manager stays for the overlap", async () => {
    const clock = new Clock();
    // As its selfSigned issuer makes them: no authority, but its own.
    const { cert } = await issueServing(
      await issueAuthority(START_MS),
      namesOf("hook", "hook"),
      START_MS,
    );
    const configuration = createConfiguration(CONFIGURATION) as unknown as Configuration;
    for (const { clientConfig } of configuration.webhooks) {
      clientConfig.caBundle = Buffer.from(cert).toString("base64");
    }
    api.put("mutatingwebhookconfigurations", configuration as never);
    const { look, last } = startReplica(clock);
    await look();
    await look();
    expect(isTrusted(last(), START_MS)).toBe(true);
    const serial = new X509Certificate(cert).serialNumber;
    const serials = () => bundle().map(({ serialNumber }) => serialNumber);
    expect(serials()).toHaveLength(2);
    expect(serials()).toContain(serial);
    clock.nowMs += OVERLAP_MS;
    await look();
    expect(serials()).not.toContain(serial);
  });

  test("when the bundle cannot be set: the new authority signs nothing, also for a replica that starts then", async () => {
    const clock = new Clock();
    const lasting = startReplica(clock);
    await lasting.look();
    api.fault = ({ method }) => (method === "PATCH" ? { kind: "status", status: 403 } : undefined);
    clock.nowMs = START_MS + (AUTHORITY_LIFE_MS * 2) / 3;
    // Longer than any certificate lives, in steps shorter than a third of one.
    for (let days = 0; days < 120; days += 20) {
      clock.nowMs += 20 * DAY_MS;
      const starting = startReplica(clock);
      for (const { look } of [lasting, starting]) expect((await failure(look)).code).toBe(403);
      for (const { last } of [lasting, starting]) expect(isTrusted(last(), clock.nowMs)).toBe(true);
    }
    expect(bundle()).toHaveLength(1);
    api.fault = () => undefined;
    await lasting.look();
    expect(bundle()).toHaveLength(2);
  });

  test("by a replica that has read an older Secret: it does not put its bundle over a newer one", async () => {
    const clock = new Clock();
    const quick = startReplica(clock);
    await quick.look();
    const hasRead = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const readSecret: Cluster["readSecret"] = async (...where) => {
      const secret = await cluster.readSecret(...where);
      hasRead.resolve();
      await goOn.promise;
      return secret;
    };
    const slow = startReplica(clock, { cluster: { ...cluster, readSecret } });
    const looking = slow.look();
    await hasRead.promise;
    api.remove("secrets", SECRET);
    await quick.look();
    goOn.resolve();
    await looking;
    for (const { last } of [quick, slow]) expect(isTrusted(last(), clock.nowMs)).toBe(true);
    await slow.look();
    expect(slow.last()?.cert).toBe(quick.last()?.cert as string);
  });

  test("and what the listener did not take is offered again", async () => {
    const offered: string[] = [];
    const serve = ({ cert }: ServingCertificate) => {
      if (offered.push(cert) === 1) throw new TypeError("not now");
    };
    const { look } = startReplica(new Clock(), { serve });
    expect(look()).rejects.toThrow("not now");
    await look();
    await look();
    expect(offered).toHaveLength(2);
  });
});

test("a caBundle that somebody else keeps changing is set ever more rarely, and said once with their name", async () => {
  const clock = new Clock();
  const { look, lines } = startReplica(clock);
  const managedFields = [
    { manager: "cainjector", fieldsV1: { "f:webhooks": { "f:caBundle": {} } } },
    { manager: "kubectl", fieldsV1: { "f:webhooks": {} } },
  ];
  const { metadata, ...rest } = createConfiguration(CONFIGURATION);
  const patches = () => api.asked.filter(({ method }) => method === "PATCH").length;
  const fight = async (seconds: number) => {
    const before = patches();
    for (let at = 0; at < seconds; at += 1) {
      const configuration = { ...rest, metadata: { ...metadata, managedFields } };
      api.put("mutatingwebhookconfigurations", configuration);
      await look();
      clock.nowMs += 1000;
    }
    return patches() - before;
  };
  await look();
  expect(await fight(2)).toBe(1); // The first reset is mended at once.
  expect(await fight(120)).toBeLessThan(8);
  expect(await fight(300)).toBe(5);
  expect(lines.filter(({ level }) => level === "WARN")).toEqual([
    expect.objectContaining({ by: "cainjector" }),
  ]);
  clock.nowMs += 600_000; // Peace.
  api.put("mutatingwebhookconfigurations", createConfiguration(CONFIGURATION));
  await look();
  expect(bundle()).toHaveLength(1);
});

test("a configuration that was replaced once, and deleted and made anew, is nothing that somebody keeps changing", async () => {
  const { look, lines } = startReplica(new Clock());
  const renew = () => api.put("mutatingwebhookconfigurations", createConfiguration(CONFIGURATION));
  await look();
  renew();
  await look();
  for (let times = 0; times < 3; times += 1) {
    api.remove("mutatingwebhookconfigurations", CONFIGURATION);
    renew();
    await look();
    expect(bundle()).toHaveLength(1);
  }
  expect(lines.filter(({ level }) => level === "WARN")).toEqual([]);
});

describe("what somebody has broken is mended, with the reason:", () => {
  const data = (name: string, text: string) => {
    const secret = api.get("secrets", SECRET) as unknown as { data: Record<string, string> };
    const value = Buffer.from(text).toString("base64");
    api.put("secrets", { ...secret, data: { ...secret.data, [name]: value } } as never);
  };

  test.each<[string, () => void, string, string]>([
    ["the key", () => data("tls.key", "x"), "serving", "unreadable"],
    ["the certificate", () => data("tls.crt", ""), "serving", "unreadable"],
    ["the authority's key", () => data("ca.key", "x"), "authority", "unreadable"],
    ["the bundle", () => data("ca.crt", "x"), "authority", "unreadable"],
    ["the whole Secret", () => api.remove("secrets", SECRET), "authority", "missing"],
  ])("%s", async (_name, damage, kind, reason) => {
    const clock = new Clock();
    const { look, last, registry } = startReplica(clock);
    await look();
    damage();
    clock.nowMs += DAY_MS;
    await look();
    expect(isTrusted(last(), clock.nowMs)).toBe(true);
    const counted = `webhook_self_signed_renewals_total{kind="${kind}",reason="${reason}"}`;
    expect(await registry.metrics()).toContain(counted);
  });

  test("a Service that is called otherwise", async () => {
    const clock = new Clock();
    await startReplica(clock).look();
    const { look, last, lines } = startReplica(clock, { serviceName: "other" });
    await look();
    expect(new X509Certificate(last()?.cert ?? "").checkHost("other.hook.svc")).toBeDefined();
    expect(lines[0]).toMatchObject({ reason: "names" });
    expect(bundle()).toHaveLength(1);
  });

  test("a caBundle that was reset", async () => {
    const { look, last } = startReplica(new Clock());
    await look();
    api.put("mutatingwebhookconfigurations", createConfiguration(CONFIGURATION));
    expect(isTrusted(last(), START_MS)).toBe(false);
    await look();
    expect(isTrusted(last(), START_MS)).toBe(true);
  });

  test("and what others have put on the Secret stays", async () => {
    const clock = new Clock();
    const { look } = startReplica(clock);
    await look();
    const secret = api.get("secrets", SECRET) as unknown as { metadata: object; data: object };
    api.put("secrets", {
      ...secret,
      metadata: { ...secret.metadata, labels: { mine: "1" } },
      data: { ...secret.data, other: "eA==", "tls.key": "" },
    } as never);
    await look();
    expect(api.get("secrets", SECRET)).toMatchObject({
      metadata: { labels: { mine: "1" } },
      data: { other: "eA==" },
    });
  });
});

describe("an API server in trouble", () => {
  test("is told by operation and code, with the right that is missing, and nothing secret", async () => {
    const { look, served } = startReplica(new Clock());
    api.fault = ({ method }) => (method === "PATCH" ? { kind: "status", status: 403 } : undefined);
    const error = await failure(look);
    expect(error).toMatchObject({ operation: "patch_webhook_configuration", code: 403 });
    expect(error.message).toBe(
      "patch_webhook_configuration: the ServiceAccount may not patch mutatingwebhookconfigurations.admissionregistration.k8s.io: allow it by a Role or ClusterRole",
    );
    expect(served).toEqual([]);
  });

  test.each([400, 422, 429, 500, 503])(
    "that answers %p is an error, and no reason to make a new authority",
    async (code) => {
      const { look, served } = startReplica(new Clock());
      await look();
      const before = api.get("secrets", SECRET);
      api.fault = () => ({ kind: "status", status: code });
      expect((await failure(look)).code).toBe(code);
      expect(api.get("secrets", SECRET)).toEqual(before as never);
      expect(served).toHaveLength(1);
    },
  );

  test("that answers nonsense is an error too", async () => {
    const { look } = startReplica(new Clock());
    api.fault = () => ({ kind: "garbage" });
    expect((await failure(look)).code).toBe("unreachable");
  });

  test("that never answers is a timeout", async () => {
    const kubeconfig = join(directory, "hang.yaml");
    api.writeKubeconfig(kubeconfig);
    api.fault = () => ({ kind: "hang" });
    const connection = await connect({ env: {}, kubeconfig });
    const impatient = await createCluster(connection, { timeoutMs: 50 });
    const error = await impatient.readSecret("hook", "s").catch((one: ApiError) => one);
    expect(error).toMatchObject({ operation: "get_secret", code: "timeout" });
  });

  test("that does not accept the token is a 401", async () => {
    const kubeconfig = join(directory, "wrong-token.yaml");
    api.writeKubeconfig(kubeconfig, { token: "wrong" });
    const other = await createCluster(await connect({ env: {}, kubeconfig }));
    expect(await other.serverVersion().catch((error: ApiError) => error.code)).toBe(401);
  });

  test("with another CA than the configured one is not spoken to", async () => {
    const kubeconfig = join(directory, "wrong-ca.yaml");
    await using another = await FakeApiServer.start();
    api.writeKubeconfig(kubeconfig, { ca: another.ca });
    const other = await createCluster(await connect({ env: {}, kubeconfig }));
    const error = await other.serverVersion().catch((one: ApiError) => one);
    expect(error).toMatchObject({ operation: "get_version", code: "unreachable" });
    expect(api.asked).toEqual([]);
  });
});

test("over years, whatever fails, nothing untrusted or expired is served and the replicas agree", async () => {
  const calls = ["GET secrets", "GET mutating", "POST", "PUT", "PATCH"];
  const step = fc.record({
    hours: fc.oneof(fc.constantFrom(0, 1, 2), fc.integer({ min: 1, max: 24 * 40 })),
    order: fc.shuffledSubarray([0, 1, 2], { minLength: 3 }),
    together: fc.boolean(),
    // Also for longer than a certificate lives.
    failing: fc.oneof(fc.constant<string[]>([]), fc.subarray(calls)),
    trouble: fc.constantFrom("none", "none", "none", "none", "reset", "removed", "restarted"),
  });
  const property = fc.asyncProperty(
    fc.array(step, { minLength: 5, maxLength: 25 }),
    async (steps) => {
      api.fault = () => undefined;
      api.remove("secrets", SECRET);
      api.put("mutatingwebhookconfigurations", createConfiguration(CONFIGURATION));
      const clock = new Clock();
      const replicas = [0, 1, 2].map(() => startReplica(clock));
      for (const { look } of replicas) await look();
      for (const { hours, order, together, failing, trouble } of steps) {
        // A minute at least: a caBundle that is reset again and again is not set at once each time.
        clock.nowMs += hours * HOUR_MS + 61_000;
        const isReset = () => bundle().length === 0;
        // With both lost, nothing is left that tells what the other replicas serve.
        const isRemoved = () => api.get("secrets", SECRET) === undefined;
        if (trouble === "reset" && !isRemoved()) {
          api.put("mutatingwebhookconfigurations", createConfiguration(CONFIGURATION));
        }
        if (trouble === "removed" && !isReset()) api.remove("secrets", SECRET);
        if (trouble === "restarted") replicas[0] = startReplica(clock);
        api.fault = ({ method, path }) => {
          const fails = failing.some((one) => {
            const [verb, resource = ""] = one.split(" ");
            return method === verb && path.includes(resource);
          });
          return fails ? { kind: "status", status: 500 } : undefined;
        };
        const checkTrust = () => {
          for (const certificate of replicas.map(({ last }) => last())) {
            const isOver = Number(certificate?.notAfter) <= clock.nowMs;
            if (certificate === undefined || isOver || isReset()) continue;
            expect(isTrusted(certificate, clock.nowMs)).toBe(true);
          }
        };
        checkTrust();
        if (together) await Promise.allSettled(order.map(async (i) => await replicas[i]?.look()));
        for (const i of order) {
          await replicas[i]?.look().catch(() => {});
          checkTrust();
        }
        if (failing.length > 0) continue;
        const certificates = replicas.map(({ last }) => last());
        expect(new Set(certificates.map((one) => one?.cert)).size).toBe(1);
        for (const one of certificates) {
          expect(isTrusted(one, clock.nowMs)).toBe(true);
          expect(one?.notAfter.getTime()).toBeGreaterThan(clock.nowMs);
        }
        expect(bundle().length).toBeLessThanOrEqual(5);
      }
    },
  );
  await fc.assert(property, { numRuns: 25 });
}, 60_000);
