/** Flags and variables of a program, held against what it says about itself. */
import { describe, expect, test } from "bun:test";
import type { Rule } from "./finding.ts";
import { checkFlags, checkPrograms, type Programs } from "./programs.ts";
import { CONTAINER, FIELD, fieldsOf, type Row } from "./testing/change.ts";

const PROGRAMS: Programs = {
  app: {
    version: "1.2.3",
    help: "Usage: app\n\n  --verbose\n      Say more. [APP_VERBOSE]\n\n  APP_KEY\n      What it needs.\n",
  },
};

describe("checkFlags()", () => {
  test.each<Row>([
    ["nothing where all is well", [], []],
    [
      "a flag that the program has not",
      [["Deployment", `${CONTAINER}/args/0`, "--verbos=true"]],
      [`${FIELD}.args`],
    ],
    [
      "an argument that is no flag",
      [["Deployment", `${CONTAINER}/args/0`, "run"]],
      [`${FIELD}.args`],
    ],
    [
      "a variable that it does not read",
      [["Deployment", `${CONTAINER}/env/0/name`, "APP_KEYS"]],
      [`${FIELD}.env`],
    ],
    [
      "nothing for another program",
      [
        ["Deployment", `${CONTAINER}/image`, "nginx:1.27.0"],
        ["Deployment", `${CONTAINER}/args/0`, "run"],
      ],
      [],
    ],
  ])("finds %s", (_what, changes, fields) => {
    expect(fieldsOf((rendered) => checkFlags(rendered, PROGRAMS), changes)).toEqual([...fields]);
  });
});

describe("checkPrograms()", () => {
  test.each([
    ["app:1.2.3", "app/base", []],
    ["registry.example.com/app:v1.2.3", "app/examples/x", []],
    ["app:1.2.4", "app/base", [`${FIELD}.image`]],
    ["app:v1.0.0", "app/overlays/prod", []],
    ["other:1.2.3", "app/overlays/prod", [`${FIELD}.image`]],
  ])("with %s in %s finds %p", (image, folder, fields) => {
    const rule: Rule = (rendered) => checkPrograms(rendered, { programs: PROGRAMS, folder });
    const changes = [["Deployment", `${CONTAINER}/image`, image]] as const;
    expect(fieldsOf(rule, changes)).toEqual(fields);
  });
});
