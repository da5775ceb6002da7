import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { parse, parseAllDocuments, stringify } from "yaml";
import { applyPatch } from "../testing/apply.ts";
import { anyPod } from "../testing/pods.ts";
import type { Json } from "../testing/review.ts";
import { runManifestCommand } from "./command.ts";
import type { Command } from "./commands.ts";

const SHOP = join(import.meta.dir, "../testdata/shop.yaml");

async function run(command: Command, argv: readonly string[], stdin = "") {
  let [out, err] = ["", ""];
  const code = await runManifestCommand(command, {
    argv,
    env: {},
    stdin: () => Promise.resolve(stdin),
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
  });
  return { code, out, err };
}

const inject = (stdin: string, ...argv: string[]) => run("inject", ["-f", "-", ...argv], stdin);

const POD = `apiVersion: v1
kind: Pod
metadata:
  name: p
  annotations: {prometheus.io/wait: "true", prometheus.io/scrape: "true"}
spec:
  containers: [{name: a, image: "a:1"}]
`;

/** The lines that a change has added and removed. */
function changed(before: string, after: string) {
  const [old, made] = [before.split("\n"), after.split("\n")];
  const without = (all: string[], others: string[]) => all.filter((line) => !others.includes(line));
  return { added: without(made, old), removed: without(old, made) };
}

describe("webhook inject", () => {
  test("changes in a file what injection changes, and keeps comments, order, quotes and layout", async () => {
    const before = await Bun.file(SHOP).text();
    const { code, out, err } = await run("inject", ["-f", SHOP]);
    expect(code).toBe(0);
    const { added, removed } = changed(before, out);
    expect(removed).toEqual([
      "        prometheus.io/port: '8080' # the metrics have a port of their own",
    ]);
    expect(added).toContain(
      "        prometheus.io/port: '18080' # the metrics have a port of their own",
    );
    expect(added).toContain("      - name: prometheus-metrics-proxy");
    expect(err).toStartWith(
      "Deployment/shop: injected, port 18080 before 8080, regular container\n",
    );
    expect(err).toContain("CronJob/report: skipped (needs_native): ");
  });

  test("prints the same when it is run again, on its own output too", async () => {
    const first = await run("inject", ["-f", SHOP, "--enable-sidecar-containers"]);
    expect(await run("inject", ["-f", SHOP, "--enable-sidecar-containers"])).toEqual(first);
    const again = await inject(first.out, "--enable-sidecar-containers");
    expect(again.out).toBe(first.out);
    expect(again.err).toContain("CronJob/report: skipped (already_injected)");
  });

  test.each<[string, string]>([
    ["nothing", ""],
    ["comments alone", "# nothing here\n\n---\n# nor here\n"],
    [
      "other objects, with their line ends and blanks",
      "---\r\nkind: ConfigMap\r\na:   1  \r\n...\r\n---\nkind: X\n\n",
    ],
    ["a pod that does not ask", POD.replace('"true"', '"false"')],
    ["no newline at the end", "kind: ConfigMap\ndata: {a: b}"],
    ["values that are no objects", "- 1\n---\ntext\n---\nnull\n"],
  ])("passes %s byte for byte", async (_name, text) => {
    expect(await inject(text)).toMatchObject({ code: 0, out: text });
  });

  test("passes the documents around a changed one byte for byte, its marker and line ends kept", async () => {
    const around = "# first\r\nkind: ConfigMap\r\n";
    const text = `${around}---\r\n${POD.replaceAll("\n", "\r\n")}---\r\n${around}`;
    const { out } = await inject(text);
    expect(out).toStartWith(`${around}---\r\napiVersion: v1\r\n`);
    expect(out).toEndWith(`---\r\n${around}`);
    expect(out.replaceAll("\r\n", "")).not.toContain("\n");
  });

  test("finds the pods in a List, and gives JSON for JSON", async () => {
    const list = { apiVersion: "v1", kind: "List", items: [{ kind: "Secret" }, parse(POD)] };
    const { out, code } = await inject(JSON.stringify(list));
    const made = JSON.parse(out) as { items: { spec: { containers: { name: string }[] } }[] };
    expect(code).toBe(0);
    expect(made.items[0]).toEqual({ kind: "Secret" } as never);
    expect(made.items[1]?.spec.containers.map(({ name }) => name)).toEqual([
      "a",
      "prometheus-metrics-proxy",
    ]);
  });

  test("copies what an alias brings before it changes it, and leaves the anchor alone", async () => {
    const text = `a: &annotations {prometheus.io/wait: "true", prometheus.io/scrape: "true"}
kind: Pod
metadata: {annotations: *annotations}
spec: {containers: [{name: a, image: a}]}
`;
    const { out } = await inject(text);
    const made = parse(out) as { a: Json; metadata: { annotations: Json } };
    expect(made.a).toEqual({ "prometheus.io/wait": "true", "prometheus.io/scrape": "true" });
    expect(made.metadata.annotations["prometheus.io/port"]).toBe("19090");
  });

  test("changes nothing for those that take by an alias what is changed here", async () => {
    const text = `kind: Pod
metadata: {annotations: &annotations {prometheus.io/wait: "true", prometheus.io/scrape: "true"}}
spec: {containers: [{name: a, image: a}]}
other: *annotations
`;
    const made = parse((await inject(text)).out) as { other: Json };
    expect(made.other).toEqual({ "prometheus.io/wait": "true", "prometheus.io/scrape": "true" });
  });

  test("prints nothing where a pod would be refused, says why and ends with 1", async () => {
    const wrong = POD.replace("prometheus.io/scrape", "prometheus.io/port");
    const { code, out, err } = await inject(`${POD}---\n${wrong}`);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toContain(
      'Pod/p: denied (invalid_annotation): annotation prometheus.io/port is "true"',
    );
  });

  test("knows the Services in the same input, by their namespace", async () => {
    const pod = POD.replace("{name: a,", "{name: a, ports: [{name: m, containerPort: 9090}],")
      .replace("name: p", "name: p\n  labels: {app: a}")
      .replace('scrape: "true"', 'wait-port-name: "m"');
    const service = (namespace: string) =>
      `kind: Service\nmetadata: {name: s, namespace: ${namespace}}\nspec: {selector: {app: a}, ports: [{port: 80, targetPort: m}]}\n---\n`;
    expect((await inject(service("default") + pod)).err).toContain('Service "s" sends other');
    expect((await inject(service("other") + pod)).err).not.toContain("Service");
    expect((await inject(service("other") + pod, "-n", "other")).err).toContain('Service "s"');
  });
});

describe("webhook inject tells what is wrong with", () => {
  test.each<[string, string, string]>([
    ["YAML that is none", "a: [1", "-:1:6: "],
    ["a later document", "a: 1\n---\nb: 'x\n", "-:4:1: Missing closing"],
    ["a key given twice", "a: 1\na: 2\n", "-:2:1: Map keys must be unique"],
    ["tabs", "a:\n\tb: 1\n", "-:2:"],
    [
      "aliases that explode",
      `${["a: &a [x,x,x,x,x,x,x,x,x]", ..."bcdefgh".split("").map((n, i) => `${n}: &${n} [${`*${"abcdefgh"[i]},`.repeat(9)}]`)].join("\n")}\n`,
      "-: cannot be read: Excessive alias count",
    ],
    ["an alias in itself", "a: &a [*a]\n", "-: cannot be read: "],
    ["brackets without end", "[".repeat(100_000), "-"],
    ["a file of 20 MB", "x".repeat(20_000_000), "-: is larger than 10 MiB"],
  ])("%s, in a line and at once", async (_name, text, message) => {
    const startedMs = performance.now();
    const { code, out, err } = await inject(text);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toStartWith(`webhook inject: ${message}`);
    expect(err.trimEnd()).not.toContain("\n");
    expect(performance.now() - startedMs).toBeLessThan(5000);
  });

  test("a file that is not there", async () => {
    const { code, err } = await run("inject", ["-f", "/none.yaml"]);
    expect({ code, err }).toEqual({
      code: 1,
      err: "webhook inject: /none.yaml: cannot be read (ENOENT)\n",
    });
  });
});

describe("webhook explain", () => {
  test("tells of every pod what would change, and of others that they have none", async () => {
    const { code, out } = await run("explain", ["-f", SHOP]);
    expect(code).toBe(0);
    for (const text of [
      "Service/shop: has no pods\n",
      "Deployment/shop in namespace default: injected (opted_in)\n",
      "  scraped at    http :18080/metrics, before http :8080/metrics\n",
      "  grace period  30 s (by default) -> 95 s\n",
      "  preStop hook  on shop\n",
      "CronJob/report in namespace default: skipped (needs_native): ",
    ]) {
      expect(out).toContain(text);
    }
  });

  test("tells programs by JSON, with the same reasons and the patch", async () => {
    const { out } = await run("explain", ["-f", SHOP, "-o", "json"]);
    const facts = JSON.parse(out) as { reason: string; patch: unknown[]; warnings: string[] }[];
    expect(facts.map(({ reason }) => reason)).toEqual(["opted_in", "needs_native"]);
    expect(facts[0]?.patch.length).toBeGreaterThan(5);
    expect(facts[1]?.patch).toEqual([]);
  });

  test("explains a pod that would be refused, and ends with 0", async () => {
    const { code, out } = await run("explain", ["-f", "-"], POD.replace("scrape", "port"));
    expect(code).toBe(0);
    expect(out).toContain("denied (invalid_annotation): ");
  });

  test("reads a directory's manifests in the order of their names", async () => {
    const directory = mkdtempSync(join(tmpdir(), "manifests-"));
    try {
      writeFileSync(join(directory, "b.yaml"), "kind: B\n");
      writeFileSync(join(directory, "a.json"), '{"kind":"A"}');
      writeFileSync(join(directory, "c.txt"), "kind: C\n");
      const { out } = await run("explain", ["-f", directory]);
      expect(out).toBe("A/: has no pods\nB/: has no pods\n");
      const both = await run("inject", ["-f", directory]);
      expect(parseAllDocuments(both.out).map((one) => one.toJS() as Json)).toEqual([
        { kind: "A" },
        { kind: "B" },
      ]);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

test("what is injected into a manifest is what the JSON Patch makes of the pod, and twice is once", async () => {
  const layouts = [
    (pod: Json) => stringify(pod),
    (pod: Json) =>
      stringify(pod, { indentSeq: false, lineWidth: 40, defaultStringType: "QUOTE_SINGLE" }),
    (pod: Json) => `# a comment\n---\n${stringify(pod, { collectionStyle: "flow" })}`,
    (pod: Json) => JSON.stringify(pod),
  ];
  const property = fc.asyncProperty(anyPod, fc.constantFrom(...layouts), async (pod, layout) => {
    const text = layout(pod);
    fc.pre(!text.includes("<<")); // In YAML a merge key, which kubectl knows too; no key of Kubernetes.
    const explained = await run("explain", ["-f", "-", "-o", "json"], text);
    const [facts] = JSON.parse(explained.out) as { outcome: string; patch: never[] }[];
    const { code, out } = await inject(text);
    if (facts?.outcome === "denied") {
      expect(code).toBe(1);
      return;
    }
    // Parts that stand twice in a pod are written as anchor and alias, and must not change together.
    const apart = JSON.parse(JSON.stringify(pod)) as Json;
    expect(parse(out)).toEqual(applyPatch(apart, facts?.patch ?? []));
    expect((await inject(out)).out).toBe(out);
  });
  await fc.assert(property, { numRuns: 400 });
});
