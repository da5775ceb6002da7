/** Which images may run in which folder. */
import { describe, expect, test } from "bun:test";
import { checkImages } from "./images.ts";
import { CONTAINER, FIELD, fieldsOf } from "./testing/change.ts";

const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;

const BASE = "exporter/base";
const DEV = "exporter/overlays/dev";
const STAGING = "exporter/overlays/staging";
const PROD = "exporter/overlays/prod";

describe("checkImages()", () => {
  test.each([
    ["app:1.2.3", BASE],
    ["app:v1.0.0", PROD],
    ["app:1.27-alpine", BASE],
    ["registry.example.com:5000/team/app:1.2.3", PROD],
    [`app@${DIGEST}`, PROD],
    [`app:1.2.3@${DIGEST}`, PROD],
    [`app:stable@${DIGEST}`, PROD],
    ["app:develop-latest", DEV],
    ["app:1.2.3", DEV],
    ["app:main-latest", STAGING],
    [`app:main-latest@${DIGEST}`, STAGING],
  ])("lets %s run in %s", (image, folder) => {
    expect(fieldsOf(checkImages, [["Deployment", `${CONTAINER}/image`, image]], folder)).toEqual(
      [],
    );
  });

  test.each([
    ["app", BASE],
    ["app:", BASE],
    ["app:latest", BASE],
    ["app:latest", DEV],
    ["registry.example.com:5000/app", BASE],
    [`app:latest@${DIGEST}`, PROD],
    ["app@sha256:0123", PROD],
    ["app:1.2.3@sha256:REPLACE-ME", PROD],
    ["app:stable", PROD],
    ["app:develop-latest", BASE],
    ["app:develop-latest", STAGING],
    ["app:develop-latest", PROD],
    [`app:develop-latest@${DIGEST}`, PROD],
    ["app:main-latest", DEV],
    ["app:main-latest", PROD],
    [`app:main-latest@${DIGEST}`, PROD],
    ["app:main-latest", "exporter/overlays/staging-2"],
  ])("refuses %s in %s", (image, folder) => {
    const changes = [["Deployment", `${CONTAINER}/image`, image]] as const;
    expect(fieldsOf(checkImages, changes, folder)).toEqual([`${FIELD}.image`]);
  });

  test("refuses the image that a webhook is told to inject", () => {
    const changes = [["Deployment", `${CONTAINER}/args/0`, "--sidecar-image=app:latest"]] as const;
    expect(fieldsOf(checkImages, changes)).toEqual([`${FIELD}.args[--sidecar-image]`]);
  });
});
