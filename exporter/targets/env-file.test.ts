import { describe, expect, test } from "bun:test";
import { parseEnv } from "node:util";
import { ConfigError } from "../../shared/config.ts";
import { parseEnvText, readEnvFile, withVariables } from "./env-file.ts";

function parse(text: string): Record<string, string> {
  const { variables, faults } = parseEnvText(text);
  expect(faults).toEqual([]);
  return Object.fromEntries(variables);
}

describe("parseEnvText() reads as python-dotenv does", () => {
  test.each<[string, Record<string, string>]>([
    ["A=1", { A: "1" }],
    ["export A=1", { A: "1" }],
    ["export\t A=1", { A: "1" }],
    ["exportA=1", { exportA: "1" }],
    [" A = 1 ", { A: "1" }],
    ["'A'=1", { A: "1" }],
    ["A=", { A: "" }],
    ["A=''", { A: "" }],
    ["A=1\nA=2", { A: "2" }],
    ["# c\n\n  # d\nA=1 # e", { A: "1" }],
    ["A=1\r\nB=2\r\n", { A: "1", B: "2" }],
    ["A=1\rB=2", { A: "1", B: "2" }],
    ["A=p#ss", { A: "p#ss" }],
    ["A= #x", { A: "#x" }],
    ["A=a b\tc  ", { A: "a b\tc" }],
    ["A='x#y' # c", { A: "x#y" }],
    ['A="x # y"# c', { A: "x # y" }],
    [String.raw`A='it\'s \\ \n'`, { A: String.raw`it's \ \n` }],
    [String.raw`A="a\"b\\c\td\q"`, { A: 'a"b\\c\td\\q' }],
    ['A="a\nb"\nB=1', { A: "a\nb", B: "1" }],
    ["A=a'b'c", { A: "a'b'c" }],
    ["A=`x`", { A: "`x`" }],
    [String.raw`A=\n`, { A: String.raw`\n` }],
    ["A=x=y", { A: "x=y" }],
  ])("%j", (text, expected) => {
    expect(parse(text)).toEqual(expected);
  });
});

describe("parseEnvText() differs from python-dotenv", () => {
  test("in a byte order mark, which is skipped", () => {
    expect(parse("\uFEFFA=1")).toEqual({ A: "1" });
  });
  test("in references to variables, which are kept as they are", () => {
    const text = "A=$B\nC=${B}\n";
    expect(parse(text)).toEqual({ A: "$B", C: "${B}" });
  });
  test("in what is no assignment, which is a fault with its line", () => {
    const text = "A\n\n=x\nA: 1\nB=1\nC='x'y\n1 D=2\nE='a\\'\nF=\"b\n";
    expect(parseEnvText(text)).toEqual({
      variables: new Map([["B", "1"]]),
      faults: [
        { line: 1, message: "is not of the form NAME=value" },
        { line: 3, message: "is not of the form NAME=value" },
        { line: 4, message: "is not of the form NAME=value" },
        { line: 6, message: "something follows the closing quote" },
        { line: 7, message: "is not of the form NAME=value" },
        { line: 8, message: "the closing quote is missing" },
        { line: 9, message: "the closing quote is missing" },
      ],
    });
  });
});

test("parseEnv() of node:util would cut a password at its #, which is why it is not used", () => {
  expect(parseEnv("A=p#ss")).toEqual({ A: "p" });
});

test("parseEnvText() takes little time for a large file, whatever is in it", () => {
  const started = performance.now();
  for (const part of ["#\n", "\n", "A='", 'A="\\', "A=1\n", "export ", " \t"]) {
    parseEnvText(part.repeat(50_000));
  }
  expect(performance.now() - started).toBeLessThan(5000);
});

describe("readEnvFile()", () => {
  const readFile = (files: Readonly<Record<string, string>>) => (path: string) => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error(path), { code: "ENOENT" });
    return text;
  };
  const problems = (run: () => unknown) => {
    try {
      run();
    } catch (error) {
      if (error instanceof ConfigError) return error.problems;
      throw error;
    }
    return [];
  };

  test("gives the exporter's variables and no others", () => {
    const text = "CLOUD_ID=me\nCLOUD_PASSWORD_FILE=/p\nPATH=/evil\nEXPORTER_API_URL=http://x\n";
    expect(readEnvFile(".env", { required: false }, readFile({ ".env": text }))).toEqual({
      CLOUD_ID: "me",
      CLOUD_PASSWORD_FILE: "/p",
    });
  });
  test("gives nothing where there is no file, unless it is required", () => {
    expect(readEnvFile(".env", { required: false }, readFile({}))).toEqual({});
    expect(problems(() => readEnvFile("my.env", { required: true }, readFile({})))).toEqual([
      '--env-file "my.env": cannot be read (ENOENT)',
    ]);
  });
  test("reports one that is there and cannot be read", () => {
    const denied = () => {
      throw Object.assign(new Error(), { code: "EACCES" });
    };
    expect(problems(() => readEnvFile(".env", { required: false }, denied))).toEqual([
      '--env-file ".env": cannot be read (EACCES)',
    ]);
  });
  test("reports every malformed line by its number, without its content", () => {
    const text = "CLOUD_ID=me\nCLOUD_PASSWORD='hunter2\nhunter2\n";
    const found = problems(() =>
      readEnvFile(".env", { required: true }, readFile({ ".env": text })),
    );
    expect(found).toEqual([
      ".env:2: the closing quote is missing",
      ".env:3: is not of the form NAME=value",
    ]);
  });
});

describe("withVariables() takes from the file", () => {
  test.each<[string, Record<string, string>, Record<string, string>, Record<string, string>]>([
    ["what the environment lacks", { A: "1" }, { CLOUD_ID: "f" }, { A: "1", CLOUD_ID: "f" }],
    ["nothing that the environment has", { CLOUD_ID: "e" }, { CLOUD_ID: "f" }, { CLOUD_ID: "e" }],
    ["what is empty in the environment", { CLOUD_ID: "" }, { CLOUD_ID: "f" }, { CLOUD_ID: "f" }],
    [
      "no password where the environment names its file",
      { CLOUD_PASSWORD_FILE: "/e" },
      { CLOUD_PASSWORD: "f", CLOUD_ZONE: "DX-G" },
      { CLOUD_PASSWORD_FILE: "/e", CLOUD_ZONE: "DX-G" },
    ],
    [
      "no file of a password where the environment has one",
      { CLOUD_PASSWORD: "e" },
      { CLOUD_PASSWORD_FILE: "/f" },
      { CLOUD_PASSWORD: "e" },
    ],
  ])("%s", (_name, env, file, expected) => {
    expect(withVariables(env, file)).toEqual(expected);
  });
});
