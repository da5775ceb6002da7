import { describe, expect, spyOn, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "../../shared/config.ts";
import { readTargetFile } from "./file.ts";
import { knownKeys } from "./file-schema.ts";
import { MAX_FILE_BYTES, readSmallFile } from "./small-file.ts";
import type { TargetDefaults } from "./target.ts";

const DEFAULTS: TargetDefaults = {
  apiUrl: "https://cloud",
  dialect: "auto",
  include: [],
  exclude: ["default"],
  timeoutMs: 10_000,
  concurrency: 4,
  spacingMs: 0,
};

const PATH = "/etc/exporter/accounts.yaml";

function read(yaml: string, files: Readonly<Record<string, string>> = {}) {
  return readTargetFile(PATH, DEFAULTS, (path) => {
    const text = path === PATH ? yaml : files[path];
    if (text === undefined) throw Object.assign(new Error(path), { code: "ENOENT" });
    return text;
  });
}

/** The problems, without the path that each must begin with. */
function problems(yaml: string, files: Readonly<Record<string, string>> = {}): readonly string[] {
  try {
    read(yaml, files);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error.problems.filter((problem) => !problem.startsWith(`${PATH}:`))).toEqual([]);
    return error.problems.map((problem) => problem.slice(PATH.length + 1));
  }
  return [];
}

/** One account whose keys are given, and a zone. */
function account(keys: string, zones = "[DX-M1]"): string {
  return `accounts:\n- {${keys}, zones: ${zones}}\n`;
}

const OK = "name: a, id: i, password: p";

describe("readTargetFile() reads", () => {
  test("the full example, whose zones inherit from their account and from the defaults", () => {
    const path = join(import.meta.dir, "testdata/accounts.yaml");
    const { targets, files } = readTargetFile(path, DEFAULTS, readSmallFile);
    const shop = {
      ...DEFAULTS,
      account: "shop",
      credentials: { account: "ops@shop.example.com", password: "hunter2" },
    };
    const sector = {
      account: "public-sector",
      credentials: {
        account: "ops@public.example.com",
        password: "0123 # a password in quotes",
      },
      apiUrl: "https://api.ucloudbiz.olleh.com",
    };
    expect(targets).toEqual([
      { ...shop, zone: "DX-M1" },
      { ...shop, zone: "DX-Central" },
      {
        ...sector,
        zone: "DX-G",
        dialect: "rest",
        include: ["web-.*", "api-\\d+"],
        exclude: ["web-test-.*"],
        timeoutMs: 5000,
        concurrency: 2,
        spacingMs: 1000,
      },
      {
        ...sector,
        zone: "DX-G-YS",
        dialect: "command",
        include: [],
        exclude: [],
        timeoutMs: 20_000,
        concurrency: 1,
        spacingMs: 0,
      },
    ]);
    expect(files).toEqual(
      ["accounts.yaml", "shop-password", "public-id"].map((name) =>
        join(import.meta.dir, "testdata", name),
      ),
    );
  });

  test.each([
    ["plain\n", "plain"],
    ["crlf\r\n", "crlf"],
    ["two\n\n", "two\n"],
    [" blanks ", " blanks "],
  ])("a secret file %p without one newline at its end", (content, password) => {
    const yaml = account("name: a, id: i, password_file: secrets/p");
    const { targets, files } = read(yaml, { "/etc/exporter/secrets/p": content });
    expect(targets[0]?.credentials).toEqual({ account: "i", password });
    expect(files).toEqual([PATH, "/etc/exporter/secrets/p"]);
  });

  test("one file for two accounts once, and an absolute path as it is", () => {
    const yaml = `accounts:
- {name: a, id: i, password_file: /p, zones: [DX-G]}
- {name: b, id: j, password_file: /p, zones: [DX-G]}`;
    expect(read(yaml, { "/p": "x" }).files).toEqual([PATH, "/p"]);
  });

  test("aliases of what stands before, CRLF and a byte order mark", () => {
    const yaml = `\uFEFFaccounts:\r\n- {name: a, id: i, password: &p "p", zones: &z [DX-M1]}\r\n- {name: b, id: j, password: *p, zones: *z}\r\n`;
    expect(read(yaml).targets.map(({ account: name, zone }) => [name, zone])).toEqual([
      ["a", "DX-M1"],
      ["b", "DX-M1"],
    ]);
  });

  test("the same id in another cloud, and in another zone under another name", () => {
    const yaml = `accounts:
- {name: a, id: i, password: p, zones: [DX-M1]}
- {name: b, id: i, password: p, api_url: "http://other", zones: [DX-M1]}
- {name: c, id: i, password: p, zones: [DX-G]}`;
    expect(read(yaml).targets).toHaveLength(3);
  });
});

describe("readTargetFile() refuses with line and column", () => {
  const DIALECTS = "must be one of auto, command, rest";
  const ZONES = "must be one of DX-M1, DX-Central, DX-DCN-CJ, DX-G, DX-G-YS";
  const QUOTES =
    "must be text: put it in quotes, since YAML makes something else of it and may change it, as 0123 or 1e5";
  const PATTERN =
    "must be a regular expression that RE2 and JavaScript read alike, at most 1000 characters";

  test.each<[string, string, readonly string[]]>([
    ["an empty file", "", ["1:1: is empty, must be a mapping with accounts"]],
    ["a file of comments", "# a\n# b\n", ["1:1: is empty, must be a mapping with accounts"]],
    ["no accounts", "accounts: []", ["1:11: accounts: must name at least one account"]],
    [
      "accounts that are left out",
      "accounts:\n",
      ["1:10: accounts: is empty, must be a list of accounts"],
    ],
    [
      "accounts as a mapping",
      "accounts:\n  shop: {}\n",
      ["2:3: accounts: must be a list of accounts"],
    ],
    ["no name", account("id: i, password: p"), ["2:3: accounts[0].name: is required"]],
    [
      "an empty name",
      account('name: " ", id: i, password: p'),
      ['2:10: accounts[0].name " ": must be text that is not empty'],
    ],
    [
      "a number as a name",
      account("name: 7, id: i, password: p"),
      [`2:10: accounts[0].name "7": ${QUOTES}`],
    ],
    ["no zones", account(OK, "[]"), ["2:40: accounts[0].zones: must name at least one zone"]],
    [
      "neither id nor password",
      account("name: a"),
      [
        "2:3: accounts[0]: id or id_file: is required",
        "2:3: accounts[0]: password or password_file: is required",
      ],
    ],
    [
      "a password twice",
      account(`${OK}, password_file: f`),
      [
        "2:33: accounts[0].password_file: password and password_file: only one of the two may be there",
      ],
    ],
    [
      "a zone in the wrong case",
      account(OK, "[dx-m1]"),
      [`2:41: accounts[0].zones[0] "dx-m1": ${ZONES}; did you mean DX-M1?`],
    ],
    [
      "an unknown zone in a mapping",
      account(OK, "[{zone: KR1}]"),
      [`2:48: accounts[0].zones[0].zone "KR1": ${ZONES}`],
    ],
    [
      "a dialect, with the path",
      account(OK, "[DX-G, {zone: DX-M1, dialect: foo}]"),
      [`2:70: accounts[0].zones[1].dialect "foo": ${DIALECTS}`],
    ],
    [
      "a zone twice",
      account(OK, "[DX-G, {zone: DX-G}]"),
      ['2:54: accounts[0].zones[1].zone "DX-G": must be unique: is there already'],
    ],
    [
      "a name twice",
      `accounts:
- {name: a, id: i, password: p, zones: [DX-G]}
- {name: a, id: j, password: p, zones: [DX-G]}`,
      ['3:10: accounts[1].name "a": must be unique: another account has that name'],
    ],
    [
      "one id in one zone under two names",
      `accounts:
- {name: a, id: i, password: p, zones: [DX-G]}
- {name: b, id: i, password: p, zones: [DX-M1, DX-G]}`,
      ['3:48: accounts[1].zones[1] "DX-G": accounts[0] has the same id in this zone'],
    ],
    [
      "an expression alone and in a list",
      account(`${OK}, include: "[", exclude: [a, "(", ""]`),
      [
        `2:42: accounts[0].include "[": ${PATTERN}`,
        `2:60: accounts[0].exclude[1] "(": ${PATTERN}`,
        `2:65: accounts[0].exclude[2] "": ${PATTERN}`,
      ],
    ],
    [
      "a duration without a unit",
      account(`${OK}, timeout: 10`),
      ['2:42: accounts[0].timeout "10": must be a duration from 10ms to 5m, such as 30s or 1m30s'],
    ],
    [
      "too many calls at a time",
      account(`${OK}, concurrency: 65`),
      ['2:46: accounts[0].concurrency "65": must be a whole number from 1 to 64'],
    ],
    [
      "unknown keys, with the one that was meant",
      `account: 1\naccounts:\n- {${OK}, passwordFile: f, zones: [{zone: DX-G, timeuot: 1s, colour: red}]}`,
      [
        "1:1: account: unknown key, did you mean accounts?",
        "3:33: accounts[0].passwordFile: unknown key, did you mean password_file?",
        "3:71: accounts[0].zones[0].timeuot: unknown key, did you mean timeout?",
        "3:84: accounts[0].zones[0].colour: unknown key",
      ],
    ],
    [
      "a secret file that is not there",
      account("name: a, id: i, password_file: none"),
      ['2:35: accounts[0].password_file "none": cannot be read (ENOENT)'],
    ],
    ["a key twice", "accounts: []\naccounts: []\n", ["2:1: the same key a second time"]],
    [
      "a second document",
      `${account(OK)}---\na: 1\n`,
      ["3:1: a second document begins; only one is read"],
    ],
    ["a tab", "accounts:\n\t- a\n", ["2:1: a tab as indentation; use blanks"]],
    ["a key marked by ?", "? accounts\n: []\n", ["1:1: holds a key marked by ?"]],
  ])("%s", (_name, yaml, expected) => {
    expect(problems(yaml)).toEqual(expected);
  });

  test.each(["12345", "0123", "1e5", "true", "0x1F", "1.50"])("the password %s", (password) => {
    const [problem] = problems(account(`name: a, id: i, password: ${password}`));
    expect(problem).toBe(`2:30: accounts[0].password: ${QUOTES}`);
    expect(
      read(account(`name: a, id: i, password: "${password}"`)).targets[0]?.credentials,
    ).toEqual({ account: "i", password });
  });

  test("an empty secret file, and a file of its own that cannot be read", () => {
    const yaml = account("name: a, id_file: i, password: p");
    expect(problems(yaml, { "/etc/exporter/i": "\n" })).toEqual([
      '2:22: accounts[0].id_file "i": is empty',
    ]);
    const run = () => readTargetFile("none.yaml", DEFAULTS, readSmallFile);
    expect(run).toThrow("none.yaml: cannot be read (ENOENT)");
  });

  test("every problem at once in the order of the file, but not more than 50", () => {
    const found = problems(`accounts:
  - name: a
    dialect: foo
    passwrd: x
    zones: [dx-m1]
  - name: a
    id: 7
    password_file: none
    zones: DX-G
`);
    expect(found.map((problem) => problem.split(" ", 2).join(" "))).toEqual([
      "2:5: accounts[0]:",
      "2:5: accounts[0]:",
      "3:14: accounts[0].dialect",
      "4:5: accounts[0].passwrd:",
      "5:13: accounts[0].zones[0]",
      "6:11: accounts[1].name",
      "7:9: accounts[1].id:",
      "8:20: accounts[1].password_file",
      "9:12: accounts[1].zones:",
    ]);
    const many = problems(`accounts: [${"x,".repeat(1000)}]`);
    expect(many).toHaveLength(51);
    expect(many.at(-1)).toBe(" and 950 more");
  });
});

describe("readTargetFile() shows no secret", () => {
  const SECRETS = ["hunter2", "me@corp"];
  test.each([
    account("name: a, id: me@corp, password: [hunter2]"),
    account("name: a, id: {me@corp: 1}, password: hunter2, password_file: f"),
    account("name: a, id: me@corp, password:hunter2"),
    account("name: a, id: me@corp, passwrd: hunter2"),
    account("name: a, id: me@corp, password: @hunter2"),
    account("name: a, id: me@corp, password: *hunter2"),
    account("name: a, id: me@corp, password: &hunter2"),
    account("name: a, id: me@corp, password: !hunter2"),
    account("name: a, id: me@corp, password: !hunter2 x"),
    account("name: a, id: me@corp, password: !<hunter2 x"),
    account('name: a, id: me@corp, password: "hunter2\\q"'),
    account('name: a, id: me@corp, password: "hunter2'),
    account("name: a, id: me@corp, password: p, api_url: 'https://me:hunter2@cloud'"),
    account("name: a, id: me@corp, password: p, [hunter2]: x"),
    account("name: a, id: me@corp, password: p, ? hunter2"),
    account("name: a, id: me@corp, password: p, hunter2"),
    account("name: a, id: me@corp, password: p, zones: [hunter2"),
    "accounts:\n- name: a\n  id: me@corp\n  password: hunter2: x\n",
    "accounts:\n- name: a\n  id: me@corp\n  password:hunter2\n  zones: [DX-G]\n",
    "accounts:\n- name: a\n  id: me@corp\n  password: x\nhunter2\n",
    "accounts:\n- name: a\n  id: me@corp\n  password: |hunter2\n   x\n",
    "accounts:\n- name: a\n  id: me@corp\n  password:\n    hunter2: 1\n",
    "accounts:\n- password hunter2\n",
    "accounts: id me@corp password hunter2\n",
    "%hunter2 x\n---\naccounts: []\n",
    "hunter2",
    `accounts:
- {name: a, id: me@corp, password: p, zones: [DX-G]}
- {name: b, id: me@corp, password: hunter2, zones: [DX-G]}`,
  ])("%j", (yaml) => {
    const warned = spyOn(process, "emitWarning");
    const found = problems(yaml);
    expect(found.length).toBeGreaterThan(0);
    for (const secret of SECRETS) expect(found.join("\n")).not.toContain(secret);
    expect(warned).not.toHaveBeenCalled();
    warned.mockRestore();
  });
});

describe("readTargetFile() ends soon, and with a problem, for", () => {
  const size = 200_000;
  test.each<[string, string]>([
    ["a file that is too large", `# ${"x".repeat(MAX_FILE_BYTES)}`],
    [
      "an alias bomb",
      `a: &a [1]\n${Array.from("bcdefghij", (c, i) => `${c}: &${c} [${`*${"abcdefghij"[i]},`.repeat(9)}]`).join("\n")}`,
    ],
    ["thousands of aliases", `a: &a 1\nb: [${"*a,".repeat(size / 3)}]`],
    ["an anchor that holds itself", "accounts: &a [*a]"],
    ["wide lists by alias", `x: &x [${"DX-G,".repeat(10_000)}]\ny: [${"*x,".repeat(90)}]`],
    ["deep lists", "[".repeat(size)],
    ["deep sequences", "- ".repeat(size / 2)],
    ["thousands of marked keys", "? ".repeat(size / 2)],
    ["thousands of keys", Array.from({ length: size / 10 }, (_, i) => `k${i}: 1`).join("\n")],
    ["thousands of syntax errors", "a: b: c\n".repeat(size / 8)],
    ["thousands of accounts with problems", `accounts:\n${"- {}\n".repeat(size / 5)}`],
    ["a key that is a prototype", "__proto__: {accounts: []}\naccounts: []"],
  ])("%s", (_name, yaml) => {
    const started = performance.now();
    const found = problems(yaml);
    expect(found.length).toBeGreaterThan(0);
    expect(found.length).toBeLessThanOrEqual(51);
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

describe("docs/accounts.md", () => {
  const page = readFileSync(join(import.meta.dir, "../../docs/accounts.md"), "utf8");

  test("has an example that can be used", () => {
    const [, yaml = ""] = /```yaml\n(accounts:[^]*?)```/.exec(page) ?? [];
    const { targets } = read(yaml, { "/etc/exporter/shop-password": "p" });
    expect(targets.map(({ account: name, zone }) => `${name}/${zone}`)).toEqual([
      "shop/DX-M1",
      "shop/DX-Central",
      "public-sector/DX-G",
      "public-sector/DX-G-YS",
    ]);
    expect(targets[3]).toMatchObject({ dialect: "command", spacingMs: 1000, timeoutMs: 20_000 });
  });

  test("names every key", () => {
    for (const key of [...knownKeys(2), ...knownKeys(4)]) expect(page).toContain(`\`${key}\``);
  });
});
