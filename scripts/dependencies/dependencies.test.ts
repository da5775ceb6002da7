import { describe, expect, test } from "bun:test";
import { dependencies, devDependencies, engines, packageManager } from "../../package.json" with {
  type: "json",
};
import { broughtBy, directoryOf, type Lock, readLock } from "./lock.ts";

const ALL = { ...dependencies, ...devDependencies };

test.each(Object.keys(ALL))(
  "docs/dependencies.md says why there is %s, and what instead",
  async (name) => {
    const page = await Bun.file("docs/dependencies.md").text();
    const entries = page.split(/\n(?=- |\n)/).filter((entry) => entry.startsWith("- **`"));
    const [entry = ""] = entries.filter((one) =>
      one.split(": ", 1)[0]?.includes(`**\`${name}\`**`),
    );
    expect(entry).toMatch(/: \S[^]{10,}\.\s+Instead:\s+\S/);
  },
);

test.each(Object.entries(ALL))("%s has an exact version: %s", (_name, version) => {
  expect(version).toMatch(/^\d+\.\d+\.\d+$/);
});

test.each(["README.md", "CONTRIBUTING.md", ".ci/run"])(
  "%s fetches the Bun of package.json",
  async (path) => {
    const named = [...(await Bun.file(path).text()).matchAll(/\bbun@([\w.]+)/g)];
    expect(new Set(named.map(([, version]) => version))).toEqual(new Set([dependencies.bun]));
  },
);

test("package.json names one version of Bun", () => {
  const named = [dependencies["bun-types"], engines.bun, packageManager.replace("bun@", "")];
  expect(new Set(named)).toEqual(new Set([dependencies.bun]));
});

test("scripts/bun locks the Bun of package.json, by the hashes of bun.lock", async () => {
  const { dependencies: named } = await Bun.file("scripts/bun/package.json").json();
  expect(named).toEqual({ bun: dependencies.bun });
  const { packages } = (await Bun.file("scripts/bun/package-lock.json").json()) as {
    readonly packages: Readonly<Record<string, { readonly integrity?: string }>>;
  };
  const hashes = Object.entries(packages).flatMap(([folder, { integrity }]) =>
    folder === "" ? [] : [[folder.replace("node_modules/", ""), integrity] as const],
  );
  const locked = readLock().packages;
  expect(hashes).toEqual(hashes.map(([name]) => [name, String(locked[name]?.at(-1))]));
  expect(hashes.map(([name]) => name)).toContain("bun");
  expect(hashes.map(([name]) => name)).toContain("@oven/bun-linux-x64");
});

describe("broughtBy()", () => {
  const lock: Lock = {
    packages: {
      app: ["app@1", "", { dependencies: { left: "1", "@scope/right": "1" } }],
      left: [
        "left@1",
        "",
        { dependencies: { shared: "1" }, optionalDependencies: { absent: "1" } },
      ],
      "@scope/right": [
        "@scope/right@1",
        "",
        { peerDependencies: { peer: "1", "no-peer": "1" }, optionalPeers: ["no-peer"] },
      ],
      "@scope/right/peer": ["peer@2", "", { dependencies: { shared: "1", app: "1" } }],
      peer: ["peer@1", "", {}],
      "no-peer": ["no-peer@1", "", {}],
      shared: ["shared@1", "", { optionalDependencies: { "shared-linux": "1" } }],
      "shared-linux": ["shared-linux@1", "", { os: "linux" }],
    },
  };

  test("follows dependencies and peers to the nearest of that name, and ends in a circle", () => {
    expect(broughtBy(lock, "app")).toEqual(["@scope/right", "@scope/right/peer", "left", "shared"]);
    expect(broughtBy(lock, "shared")).toEqual([]);
  });

  test("knows every dependency of this repository, where it is installed", async () => {
    const installed = readLock();
    for (const name of Object.keys(ALL)) {
      for (const key of [name, ...broughtBy(installed, name)]) {
        const { version } = await Bun.file(`${directoryOf(key)}/package.json`).json();
        expect(installed.packages[key]?.[0], key).toEndWith(`@${version}`);
      }
    }
  });
});
