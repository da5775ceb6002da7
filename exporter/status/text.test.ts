import { describe, expect, test } from "bun:test";
import { assert, asyncProperty, string } from "fast-check";
import { HOSTILE, HOSTILE_SHOWN } from "../testing/status.ts";
import { message, name, plain, time } from "./text.ts";

/** What a parser reads out of an element. */
async function textOf(html: string): Promise<string> {
  let text = "";
  const rewriter = new HTMLRewriter().on("p", {
    text: (chunk) => {
      text += chunk.text;
    },
  });
  await rewriter.transform(new Response(`<p>${html}</p>`)).text();
  return text;
}

describe("text from the cloud", () => {
  test("comes without markup of its own", () => {
    expect(name(HOSTILE)).toStartWith("<bdi>&lt;/bdi&gt;&lt;script&gt;alert(&quot;1&quot;)");
    expect(plain(`"><img src=x onerror='alert(1)'>`)).toBe(
      "&quot;&gt;&lt;img src=x onerror=&#x27;alert(1)&#x27;&gt;",
    );
  });

  test("keeps what it says, control characters as their pictures", () => {
    expect(Bun.escapeHTML(HOSTILE_SHOWN)).toBe(plain(HOSTILE));
    expect(plain("a\0b\r\n\tc\x7f")).toBe("a␀b␍\n\tc␡");
  });

  test("never opens a tag or an attribute, whatever it is", async () => {
    await assert(
      asyncProperty(string({ unit: "binary", maxLength: 150 }), async (text) => {
        expect(plain(text)).not.toMatch(/[<>"'\0]/);
        // The rewriter leaves character references as they are.
        expect(await textOf(plain(text))).toBe(plain(text).toWellFormed());
      }),
    );
  });

  test("is cut where it is longer than a page can bear, between two characters", () => {
    expect(plain("x".repeat(200))).toBe("x".repeat(200));
    expect(plain("x".repeat(201))).toBe(`${"x".repeat(200)}…`);
    expect(plain("😀".repeat(150)).isWellFormed()).toBe(true);
    expect(plain(`x${"😀".repeat(150)}`).isWellFormed()).toBe(true);
    expect(message("y".repeat(100_000)).length).toBeLessThan(700);
  });
});

describe("time()", () => {
  const AT = Date.UTC(2026, 10, 25, 10, 2, 36, 789);
  test.each([
    ["of that day", AT + 60_000, "10:02:36 UTC"],
    ["of another day", AT + 86_400_000, "2026-11-25 10:02:36 UTC"],
    ["without a day to compare", undefined, "2026-11-25 10:02:36 UTC"],
  ])("%s", (_, today, shown) => {
    expect(time(AT, today)).toBe(`<time datetime="2026-11-25T10:02:36Z">${shown}</time>`);
  });
});
