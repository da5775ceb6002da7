import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { dependencies, version } from "../../package.json" with { type: "json" };
import { runProcess } from "../../shared/testing/process.ts";

/** Of the document, what is looked at here. */
interface Document {
  readonly creationInfo: { readonly created: string };
  readonly packages: readonly {
    readonly SPDXID: string;
    readonly versionInfo: string;
    readonly licenseDeclared: string;
    readonly checksums?: readonly { readonly algorithm: string; readonly checksumValue: string }[];
    readonly externalRefs?: readonly { readonly referenceLocator: string }[];
  }[];
  readonly relationships: readonly unknown[];
}

async function sbom(...args: readonly string[]) {
  return await runProcess(["bun", join(import.meta.dir, "sbom.ts"), ...args], {
    env: { SOURCE_DATE_EPOCH: "1800000000", GITHUB_SHA: "0123456789ab" },
  });
}

const purls = ({ packages }: Document) =>
  packages.flatMap(({ externalRefs = [] }) =>
    externalRefs.map(({ referenceLocator }) => referenceLocator),
  );

describe("sbom.ts", () => {
  test("names what is compiled in, and not what is only installed", async () => {
    const { code, stdout, stderr } = await sbom("sidecar");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const document = JSON.parse(stdout) as Document;
    expect(document.creationInfo.created).toBe("2027-01-15T08:00:00Z");
    expect(document.packages[0]).toMatchObject({ versionInfo: version });
    const names = purls(document);
    for (const name of ["hono", "prom-client", "zod"] as const) {
      expect(names).toContain(`pkg:npm/${name}@${dependencies[name]}`);
    }
    expect(names).toContain(`pkg:npm/bun@${Bun.version}`);
    for (const absent of ["typescript", "%40kubernetes", "%40biomejs", "yaml"]) {
      expect(names.filter((name) => name.startsWith(`pkg:npm/${absent}`))).toEqual([]);
    }
  });

  test("has the exporter's worker, too, a licence and a hash of each package", async () => {
    const document = JSON.parse((await sbom("exporter")).stdout) as Document;
    expect(purls(document)).toContain(
      `pkg:npm/%40kubernetes/client-node@${dependencies["@kubernetes/client-node"]}`,
    );
    for (const one of document.packages) {
      expect(one.licenseDeclared).toMatch(/^[\w.-]+(?: (?:OR|AND) [\w.-]+)*$/);
      for (const { algorithm, checksumValue } of one.checksums ?? []) {
        expect(algorithm).toBe("SHA512");
        expect(checksumValue).toMatch(/^[0-9a-f]{128}$/);
      }
    }
    const hashed = document.packages.filter(({ checksums = [] }) => checksums.length === 1);
    // The executable itself and Bun have none.
    expect(hashed).toHaveLength(document.packages.length - 2);
    const { length } = document.packages;
    expect(new Set(document.packages.map(({ SPDXID }) => SPDXID)).size).toBe(length);
    expect(document.relationships).toHaveLength(length);
  });

  const usage = "Usage: bun scripts/pipeline/sbom.ts webhook|sidecar|exporter\n";

  test.each([[], ["webhook", "sidecar"]])("takes one component, not %j", async (...args) => {
    expect(await sbom(...args)).toEqual({ code: 1, stdout: "", stderr: usage });
  });

  test("says what it takes", async () => {
    expect(await sbom("--help")).toEqual({ code: 0, stdout: usage, stderr: "" });
  });

  test("refuses a component that there is not", async () => {
    expect(await sbom("constructor")).toEqual({
      code: 1,
      stdout: "",
      stderr: "constructor: no such component, only webhook, sidecar, exporter\n",
    });
  });
});
