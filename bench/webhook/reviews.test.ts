import { describe, expect, test } from "bun:test";
import { createBody, createReviews, requestBytes } from "./reviews.ts";

describe("createBody()", () => {
  test.each([[8_000], [200_000]])("gives a review of %i bytes, at most a tenth more", (bytes) => {
    const { length } = createBody(bytes);
    expect(length).toBeGreaterThanOrEqual(bytes);
    expect(length).toBeLessThan(bytes * 1.1);
  });

  test("gives a pod that has opted in, with a fifth of its bytes in one annotation", () => {
    const body = createBody(200_000);
    const { annotations } = JSON.parse(body).request.object.metadata;
    expect(annotations["prometheus.io/wait"]).toBe("true");
    const share = JSON.stringify(annotations["shop.example.com/routes"]).length / body.length;
    expect(share).toBeGreaterThan(0.15);
    expect(share).toBeLessThan(0.25);
  });

  test("gives the same bytes each time", () => {
    expect(createReviews()).toEqual(createReviews());
  });
});

test("requestBytes() says how many bytes the body has, not how many characters", () => {
  expect(requestBytes("/", "größer").toString()).toContain("\r\nContent-Length: 8\r\n");
});
