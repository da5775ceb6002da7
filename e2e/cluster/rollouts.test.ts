import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runProcess } from "../../shared/testing/process.ts";

/** A cluster of files: a pod is a file that says what it counted, and a restart replaces both pods. */
const KUBECTL = `#!/bin/bash
cd "$CLUSTER"
pod() { printf '{"metadata":{"name":"%s","annotations":{"prometheus.io/wait":"%s"}}}' "$1" "$2"; }
case "$1 $2" in
  "get pods")
    n=$(cat generation)
    printf '{"items":[%s,%s]}' "$(pod "counter-$n" true)" "$(pod "control-$n" false)" ;;
  "rollout restart") sleep 0.6; echo $(($(cat generation) + 1)) > generation ;;
  "rollout status") ;;
  "logs --follow")
    pod=$5
    while [ "\${pod##*-}" = "$(cat generation)" ]; do sleep 0.1; done
    echo '{"msg":"Listening"}'
    echo '{"level":"INFO","msg":"Counted","total":100}' ;;
  "get --raw") echo "$3" >> asked; cat stored.json ;;
  *) echo "unexpected: $*" >&2; exit 9 ;;
esac
`;

const LIMITS = ["--rollouts=2", "--timeout-seconds=20", "--settle-seconds=1"];

let cluster = "";

beforeAll(async () => {
  cluster = await mkdtemp(join(tmpdir(), "rollouts-test-"));
  await writeFile(join(cluster, "kubectl"), KUBECTL);
  await chmod(join(cluster, "kubectl"), 0o755);
});

afterAll(async () => {
  await rm(cluster, { recursive: true });
});

async function run(args: readonly string[]) {
  const script = join(import.meta.dir, "rollouts.ts");
  return await runProcess(["bun", script, ...args], {
    env: { PATH: `${cluster}:${process.env.PATH}`, CLUSTER: cluster },
  });
}

async function rollouts(stored: Readonly<Record<string, number>>) {
  const result = Object.entries(stored).map(([pod, value]) => ({
    metric: { pod },
    value: [0, String(value)],
  }));
  await writeFile(join(cluster, "stored.json"), JSON.stringify({ data: { result } }));
  await writeFile(join(cluster, "generation"), "0");
  await writeFile(join(cluster, "asked"), "");
  return await run(LIMITS);
}

describe("rollouts.ts", () => {
  test("compares each pod that has ended with what is stored of it", async () => {
    const stored = { "counter-0": 100, "counter-1": 100, "control-0": 90, "control-1": 80 };
    const { code, stdout, stderr } = await rollouts(stored);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("Rollout 2 of 2 is through.");
    expect(stdout).toMatch(/^counter-1 +yes +100 +100 +0$/m);
    expect(stdout).toMatch(/^control-1 +no +100 +80 +20$/m);
    const asked = decodeURIComponent(await Bun.file(join(cluster, "asked")).text());
    expect(asked).toContain(
      "/api/v1/namespaces/monitoring/services/prometheus:9090/proxy/api/v1/query",
    );
    expect(asked).toContain('max_over_time(demo_orders_total{namespace="counter"}[2h])');
  });

  test("says what it takes", async () => {
    const { code, stdout } = await run(["--help"]);
    expect(code).toBe(0);
    expect(stdout).toContain("\n  --rollouts         how often, 1 or more (default 3)\n");
  });

  test.each([
    ["--rollouts=0", `--rollouts is a whole number from 1: "0" is none\n`],
    ["--timeout-seconds=1m", `--timeout-seconds is a whole number from 1: "1m" is none\n`],
    ["--prometheus=prometheus:9090", `NAMESPACE/SERVICE:PORT: "prometheus:9090" is not\n`],
    ["--rollout=2", "Unknown option '--rollout'"],
  ])("refuses %s in a line", async (arg, words) => {
    const { code, stdout, stderr } = await run([arg]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(words);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });

  test("tells what kubectl says when it fails", async () => {
    await writeFile(join(cluster, "kubectl"), "#!/bin/sh\necho no cluster >&2\nexit 1\n");
    const { code, stderr } = await run(LIMITS);
    await writeFile(join(cluster, "kubectl"), KUBECTL);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^kubectl get pods .* ended with 1:\nno cluster\n+$/);
  });

  test("ends with 1 and names the pod of which an increment is missing", async () => {
    const stored = { "counter-0": 100, "counter-1": 99, "control-0": 90, "control-1": 80 };
    const { code, stderr } = await rollouts(stored);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "counter-1 counted 100, and 99 is stored\n",
    });
  });
});
