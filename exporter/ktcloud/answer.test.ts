import { describe, expect, test } from "bun:test";
import { readAnswer } from "./answer.ts";
import { ApiError } from "./errors.ts";

const context = { operation: "list_servers", secrets: ['pass"word', "gAAAAtoken"] } as const;

function read(status: number, text: string) {
  return readAnswer({ status, headers: new Headers(), text }, context);
}

function failure(status: number, text: string): ApiError {
  try {
    read(status, text);
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error("No failure");
}

const GATEWAY = '{"response":{"errortext":"Service Not Found","errorcode":"404"}}';
const KEYSTONE = '{"error":{"code":401,"message":"Say who you are.","title":"Unauthorized"}}';

describe("readAnswer() classes what it refuses", () => {
  test.each([
    [401, KEYSTONE, "auth", "HTTP 401: Say who you are."],
    [401, "", "auth", "HTTP 401"],
    [404, GATEWAY, "http", "HTTP 404: Service Not Found"],
    [429, "", "ratelimit", "HTTP 429"],
    [498, "x", "ratelimit", "HTTP 498: x"],
    [500, '{"a":{"errortext":"due to ratelimit timeout"}}', "ratelimit", "HTTP 500: due to rate"],
    [503, "Rate limit exceeded", "ratelimit", "HTTP 503: Rate limit exceeded"],
    [500, '{"itemNotFound":{"code":404,"message":"No."}}', "http", "HTTP 500: No."],
    [502, "<html>bad</html>", "http", "HTTP 502: <html>bad</html>"],
    [302, "", "http", "HTTP 302"],
    [200, "<html></html>", "parse", "not a JSON object"],
    [200, "", "parse", "not a JSON object"],
    [200, "[1]", "parse", "not a JSON object"],
    [200, '{"a":', "parse", "not a JSON object"],
    [200, GATEWAY, "api", "error 404: Service Not Found"],
    [200, '{"x":{"errorcode":500}}', "api", "error 500"],
    [200, '{"x":{" ErrorText ":"broken"}}', "api", "error without a code: broken"],
    [200, '{"x":{"success":false}}', "api", "success is false"],
    [200, '{"x":{"success":"False"}}', "api", "success is false"],
    [200, '{"x":{"success":false,"displaytext":"No."}}', "api", "success is false: No."],
    [200, '{"x":{"success":false,"displaytext":"ratelimit timeout"}}', "ratelimit", "success is"],
    [200, '{"success":"false","data":[]}', "api", "success is false"],
    [200, '{"errorcode":"500","data":null}', "api", "error 500"],
    [200, '{"httpStatus":500,"message":"No.","data":[]}', "api", "error 500: No."],
    [200, '{"error":{"code":500,"message":"No."},"data":[]}', "api", "error 500: No."],
    [200, '{"error":"No.","data":[]}', "api", "error without a code: No."],
  ])("%d %s is %s", (status, text, expected, message) => {
    const error = failure(status, text);
    expect(error.failure).toBe(expected as ApiError["failure"]);
    expect(error.message).toStartWith(message);
    expect(error.status).toBe(status);
    expect(error.operation).toBe("list_servers");
  });

  test("and never shows a secret that the cloud echoes, nor more than 200 characters", () => {
    const echo = JSON.stringify({ error: { message: `sent pass"word and gAAAAtoken` } });
    expect(failure(500, echo).message).toBe("HTTP 500: sent <secret> and <secret>");
    expect(failure(500, 'raw {"p":"pass\\"word"}').message).toBe('HTTP 500: raw {"p":"<secret>"}');
    const body = JSON.stringify({ sent: JSON.stringify({ p: 'pass"word' }) });
    expect(failure(500, body).message).not.toContain("word");
    expect(failure(500, "x".repeat(5000)).message).toHaveLength(200);
  });
});

describe("readAnswer() accepts", () => {
  test.each([
    '{"x":{"errorcode":"0","errortext":""}}',
    '{"x":{"errorcode":200}}',
    '{"x":{"errorcode":null,"success":true}}',
    '{"x":{"loadbalancer":[{"name":"ratelimit-lb"}]}}',
    '{"x":[],"httpStatus":200,"error":null,"success":true}',
    '{"x":[],"httpStatus":"OK","error":{},"errortext":" "}',
    '{"x":{"success":{"toString":1}}}',
  ])("%s", (text) => {
    expect(read(200, text)).toHaveProperty("x");
  });

  test("a value of any depth where a word should be", () => {
    const deep = "[".repeat(50_000) + "]".repeat(50_000);
    expect(read(200, `{"x":{"success":${deep}}}`)).toHaveProperty("x");
  });

  test("any 2xx, and trims and lowers the keys of the envelope", () => {
    expect(read(209, '{" ListX ":{"A":1}}')).toEqual({ listx: { A: 1 } });
  });
});

describe("Retry-After", () => {
  const DATE = "Wed, 01 Jan 2031 00:00:00 GMT";

  test.each([
    ["0", 0],
    ["7", 7000],
    [" 7 ", 7000],
    ["86400", 86_400_000],
    ["99999999999", 99_999_999_999_000],
    ["1000000000000000000000", 1e24],
    ["Wed, 01 Jan 2031 00:00:30 GMT", 30_000],
    ["Wednesday, 01-Jan-31 00:01:00 GMT", 60_000],
    ["Tue, 31 Dec 2030 23:00:00 GMT", 0],
    ["-5", undefined],
    ["1.5", undefined],
    ["5, 10", undefined],
    ["7 s", undefined],
    ["soon", undefined],
    ["", undefined],
  ])("%j is %p ms", (text, expected) => {
    const headers = new Headers({ date: DATE, "retry-after": text });
    const refused = () => readAnswer({ status: 429, headers, text: "" }, context);
    expect(refused).toThrow(expect.objectContaining({ retryAfterMs: expected }));
  });

  test("as a date is nothing where the cloud does not tell its own time", () => {
    const headers = new Headers({ "retry-after": DATE });
    const refused = () => readAnswer({ status: 429, headers, text: "" }, context);
    expect(refused).toThrow(expect.objectContaining({ retryAfterMs: undefined }));
  });
});

test("no message holds a secret, not even one that is the word in its place, nor tells it by doubling that", () => {
  const secrets = ["secret", "p.w", 'a"b'];
  const text = JSON.stringify({ error: { message: 'secret p.w pxw a"b' } });
  const refused = () =>
    readAnswer({ status: 500, headers: new Headers(), text }, { operation: "token", secrets });
  expect(refused).toThrow("HTTP 500: <secret> <secret> pxw <secret>");
});
