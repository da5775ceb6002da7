/**
 * When each job runs, after which, with whose approval, and what it may do: a change of the workflows has to be made
 * here as well.
 */
import { expect, test } from "bun:test";
import { jobs, workflows } from "./testing/workflows.ts";

const READ = { contents: "read" };
const UPLOAD = { contents: "read", actions: "read", "security-events": "write" };
const SIGN = { contents: "read", "id-token": "write", attestations: "write" };
const BRANCH = `\${{ github.ref == 'refs/heads/main' && 'staging' || 'dev' }}`;
const PULL_REQUEST_ONLY = `\${{ github.event_name == 'pull_request' }}`;

interface Expected {
  readonly permissions: Readonly<Record<string, string>>;
  readonly needs?: string | readonly string[];
  readonly if?: string;
  readonly environment?: string;
  readonly uses?: string;
}

const JOBS: Readonly<Record<string, Expected>> = {
  "checks/recipe": { permissions: READ },
  "checks/manifests": { permissions: READ },
  "checks/workflows": { permissions: READ },
  "checks/e2e": { permissions: READ },
  "checks/image-check": { permissions: READ },

  "ci-pipeline/checks": { permissions: READ, uses: "./.github/workflows/checks.yml" },
  "ci-pipeline/build": { permissions: READ, if: "github.event_name == 'pull_request'" },
  "ci-pipeline/publish": {
    permissions: READ,
    needs: "checks",
    if: "github.event_name == 'push' && vars.REGISTRY != ''",
    environment: BRANCH,
  },
  "ci-pipeline/deploy": {
    permissions: READ,
    needs: "publish",
    if: "needs.publish.outputs.newest == 'true'",
    environment: BRANCH,
  },

  "e2e/cluster": { permissions: READ },

  "release/version": { permissions: READ },
  "release/checks": {
    permissions: READ,
    needs: "version",
    uses: "./.github/workflows/checks.yml",
  },
  "release/e2e": { permissions: READ, needs: "version", uses: "./.github/workflows/e2e.yml" },
  "release/images": {
    permissions: SIGN,
    needs: ["checks", "e2e"],
    if: "vars.REGISTRY != ''",
    environment: "prod",
  },
  "release/executables": { permissions: SIGN, needs: ["checks", "e2e"], environment: "prod" },
  "release/release": {
    permissions: { contents: "write" },
    needs: ["images", "executables"],
    if: `\${{ !cancelled() && needs.executables.result == 'success' && needs.images.result != 'failure' }}`,
  },
  "release/deploy": {
    permissions: READ,
    needs: ["images", "release"],
    if: `\${{ !cancelled() && needs.release.result == 'success' && needs.images.result == 'success' }}`,
    environment: "prod",
  },

  "security-scan/code": { permissions: UPLOAD },
  "security-scan/scanner": { permissions: {} },
  "security-scan/files": { permissions: UPLOAD, needs: "scanner" },
  "security-scan/images": { permissions: UPLOAD, needs: "scanner", if: "vars.REGISTRY != ''" },
};

test("these are all jobs", () => {
  expect(jobs.map<string>(([name]) => name).sort()).toEqual(Object.keys(JOBS).sort());
});

test.each(jobs)("%s runs when it should, and may do what it has to", (name, job) => {
  const { permissions, needs, if: condition, environment, uses } = job;
  const is = { permissions, needs, if: condition, environment, uses };
  expect(is as object).toEqual({ ...JOBS[name] });
  // A called workflow's jobs have theirs.
  if (uses === undefined) expect(job["timeout-minutes"]).toBeNumber();
});

test.each([
  ["checks", { on: ["workflow_call"], concurrency: undefined }],
  [
    "ci-pipeline",
    {
      on: ["push", "pull_request"],
      concurrency: {
        group: `ci-pipeline-\${{ github.ref }}`,
        "cancel-in-progress": PULL_REQUEST_ONLY,
      },
    },
  ],
  [
    "e2e",
    {
      on: ["workflow_call", "workflow_dispatch", "schedule", "pull_request"],
      concurrency: {
        group: `e2e-\${{ github.workflow }}-\${{ github.ref }}`,
        "cancel-in-progress": PULL_REQUEST_ONLY,
      },
    },
  ],
  [
    "release",
    {
      on: ["push"],
      concurrency: { group: `release-\${{ github.ref }}`, "cancel-in-progress": false },
    },
  ],
  [
    "security-scan",
    {
      on: ["schedule", "workflow_dispatch"],
      concurrency: { group: `security-scan-\${{ github.ref }}`, "cancel-in-progress": true },
    },
  ],
])("%s is started by these, and waits for its own kind alone", (name, expected) => {
  const [, workflow] = workflows.find(([one]) => one === name) ?? [];
  expect({ on: Object.keys(workflow?.on ?? {}), concurrency: workflow?.concurrency }).toEqual(
    expected,
  );
});

test("what is published comes from these refs", () => {
  const on = (name: string) => workflows.find(([one]) => one === name)?.[1].on;
  expect(on("ci-pipeline")?.push).toEqual({ branches: ["main", "develop"] });
  expect(on("release")?.push).toEqual({ tags: ["v*"] });
});
