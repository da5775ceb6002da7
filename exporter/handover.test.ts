import { expect, test } from "bun:test";
import { lend, take } from "./handover.ts";
import { encodePage } from "./snapshot.ts";

const pages = await encodePage({ text: "a 1\n", openmetrics: "a 1\n# EOF\n" });

test("take() gives what was lent, once, also through a message", async () => {
  const lent = structuredClone(
    lend({ pages, status: new Blob(["<p>"]), builtAtMs: 7, listed: true, problem: "p" }),
  );
  const taken = take(lent);
  expect(await taken.pages.openmetrics.plain.text()).toBe("a 1\n# EOF\n");
  const gzip = await taken.pages.text.gzip.arrayBuffer();
  expect(new TextDecoder().decode(Bun.gunzipSync(gzip))).toBe("a 1\n");
  expect(await taken.status.text()).toBe("<p>");
  expect(taken).toMatchObject({ builtAtMs: 7, listed: true, problem: "p" });
  expect(() => take(lent)).toThrow(ReferenceError);
});
