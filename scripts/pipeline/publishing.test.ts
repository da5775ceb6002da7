/** What the jobs that publish run, in which order and with what: a change of them has to be made here as well. */
import { describe, expect, test } from "bun:test";
import { packageManager } from "../../package.json" with { type: "json" };
import { jobs, steps } from "./testing/workflows.ts";

const secret = (name: string) => ({ [name]: `\${{ secrets.${name} }}` });
const REGISTRY = { REGISTRY: `\${{ vars.REGISTRY }}` };
const COMPONENT = { COMPONENT: `\${{ matrix.component }}` };
const TOKEN = { GH_TOKEN: `\${{ github.token }}` };
const PUSHED = {
  NAME: `\${{ steps.publish.outputs.name }}`,
  DIGEST: `\${{ steps.publish.outputs.digest }}`,
};
const GITOPS = { ...secret("GITOPS_REPO"), ...secret("GITOPS_TOKEN") };
const BRANCH = `\${{ github.ref == 'refs/heads/main' && 'staging' || 'dev' }}`;

const INSTALL = `npx -y ${packageManager} install --frozen-lockfile`;
const LOGIN = [
  `printf '%s' "$REGISTRY_PASSWORD" | docker login --username "$REGISTRY_USERNAME" --password-stdin "\${REGISTRY%%/*}"`,
  { ...REGISTRY, ...secret("REGISTRY_USERNAME"), ...secret("REGISTRY_PASSWORD") },
] as const;
const NEWEST = ["scripts/pipeline/newest.sh", TOKEN] as const;
const BUILDER = ["scripts/pipeline/create-builder.sh"] as const;

type Command = readonly [run: string, env?: Readonly<Record<string, string>>];

const COMMANDS: Readonly<Record<string, readonly Command[]>> = {
  "ci-pipeline/build": [[INSTALL], BUILDER, ["npx bun scripts/pipeline/publish.ts"]],
  "ci-pipeline/publish": [
    NEWEST,
    [INSTALL],
    LOGIN,
    BUILDER,
    ["npx bun scripts/pipeline/publish.ts --push --out images.txt", REGISTRY],
  ],
  "ci-pipeline/deploy": [
    [INSTALL],
    NEWEST,
    [
      'xargs npx bun scripts/pipeline/update-overlay.ts --environment "$ENVIRONMENT" --push < images.txt',
      { ENVIRONMENT: BRANCH, ...GITOPS },
    ],
  ],
  // Of this version, not out yet, and on main.
  "release/version": [
    [INSTALL],
    ['npx bun scripts/pipeline/release-notes.ts "$GITHUB_REF_NAME"'],
    ['test "$(gh release view "$GITHUB_REF_NAME" --json isDraft --jq .isDraft)" != false', TOKEN],
    ['git merge-base --is-ancestor "$GITHUB_SHA" origin/main'],
  ],
  "release/images": [
    [INSTALL],
    LOGIN,
    BUILDER,
    [
      'npx bun scripts/pipeline/publish.ts --push --out "images-$COMPONENT.txt" "$COMPONENT"',
      { ...REGISTRY, ...COMPONENT },
    ],
    [
      'SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) npx bun scripts/pipeline/sbom.ts "$COMPONENT" > sbom.spdx.json',
      COMPONENT,
    ],
    // The digest that was pushed.
    ['cosign sign --yes --recursive "$NAME@$DIGEST"', PUSHED],
  ],
  "release/executables": [
    [`${INSTALL} --os=linux --cpu='*'`],
    ['scripts/pipeline/executables.sh "$GITHUB_REF_NAME"'],
  ],
  "release/release": [
    [INSTALL],
    [
      'shopt -s nullglob\ncat /dev/null images/*.txt | xargs npx bun scripts/pipeline/release-notes.ts "$GITHUB_REF_NAME" > notes.md\n',
    ],
    ['scripts/pipeline/github-release.sh "$GITHUB_REF_NAME" notes.md dist/release', TOKEN],
  ],
  "release/deploy": [
    [INSTALL],
    [
      'cat images/*.txt | xargs npx bun scripts/pipeline/update-overlay.ts --environment prod --branch "release-$GITHUB_REF_NAME"',
      GITOPS,
    ],
    [
      'scripts/pipeline/open-pull-request.sh "release-$GITHUB_REF_NAME" "$GITHUB_REF_NAME for production"',
      { ...secret("GITOPS_REPO"), GH_TOKEN: `\${{ secrets.GITOPS_TOKEN }}` },
    ],
  ],
};

test.each(Object.entries(COMMANDS))("%s runs these commands", (name, commands) => {
  const run = stepsOf(name).filter((step) => step.run !== undefined);
  expect(run.map((step) => ({ run: step.run, env: step.env }))).toEqual(
    commands.map(([command, env]) => ({ run: command, env })),
  );
});

const stepsOf = (name: string) => steps.filter(({ job }) => job === name).map(({ step }) => step);

describe("a branch", () => {
  test("hands the answer on to the job that writes the overlay", () => {
    const [, publish] = jobs.find(([name]) => name === "ci-pipeline/publish") ?? [];
    expect(publish?.outputs).toEqual({ newest: `\${{ steps.head.outputs.newest }}` });
  });

  test.each(["ci-pipeline/publish", "ci-pipeline/deploy"])(
    "%s asks for the newest commit before a secret is used or anything is handed on",
    (name) => {
      const all = stepsOf(name);
      const asks = all.findIndex(({ run }) => run === "scripts/pipeline/newest.sh");
      const guarded = all.flatMap((step, index) => {
        const matters = /secrets\.|--push|upload-artifact/.test(JSON.stringify(step));
        return matters ? [{ after: index > asks, if: step.if }] : [];
      });
      expect(all[asks]?.id).toBe("head");
      expect(guarded).not.toBeEmpty();
      for (const one of guarded) {
        expect(one).toEqual({ after: true, if: "steps.head.outputs.newest == 'true'" });
      }
    },
  );
});

describe("a release", () => {
  test("is signed by one job", () => {
    const signing = steps.filter(({ step }) => step.run?.includes("cosign"));
    expect(signing.map(({ job }) => job)).toEqual(["release/images"]);
  });

  test("attests that digest and those checksums, where GitHub keeps attestations", () => {
    const image = {
      "subject-name": `\${{ steps.publish.outputs.name }}`,
      "subject-digest": `\${{ steps.publish.outputs.digest }}`,
      "push-to-registry": true,
      "create-storage-record": false,
    };
    const attesting = steps.filter(({ step }) => step.uses?.startsWith("actions/attest@"));
    const seen = attesting.map(({ job, step }) => ({ job, if: step.if, with: step.with }));
    const where = `\${{ !github.event.repository.private || vars.ATTEST == 'true' }}`;
    expect(seen).toEqual([
      { job: "release/images", if: where, with: image },
      { job: "release/images", if: where, with: { ...image, "sbom-path": "sbom.spdx.json" } },
      {
        job: "release/executables",
        if: where,
        with: { "subject-checksums": "dist/release/SHA256SUMS" },
      },
    ]);
  });

  test("opens a pull request only where update-overlay.ts says that gh can", () => {
    const [opening] = stepsOf("release/deploy").slice(-1);
    expect(opening?.if).toBe("steps.overlay.outputs.pull-request == 'true'");
    expect(opening?.run).toStartWith("scripts/pipeline/open-pull-request.sh ");
  });
});

test("the daily scan looks at every image of both stages and architectures", () => {
  const [, scan] = jobs.find(([name]) => name === "security-scan/images") ?? [];
  expect(scan?.strategy?.matrix).toEqual({
    image: ["prometheus-metrics-proxy-hook", "prometheus-metrics-proxy", "lb-exporter"],
    stage: ["staging", "prod"],
    architecture: ["amd64", "arm64"],
  } as object);
  const [image] = stepsOf("security-scan/images").filter(({ env }) => env?.IMAGE !== undefined);
  expect(image?.env).toMatchObject({
    IMAGE: `\${{ matrix.image }}`,
    ARCHITECTURE: `\${{ matrix.architecture }}`,
  });
  expect(image?.run).toContain('trivy image --scanners vuln --platform "linux/$ARCHITECTURE" ');
  expect(image?.run).toContain(' "$REGISTRY/$IMAGE:$TAG"');
});
