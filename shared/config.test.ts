import { describe, expect, test } from "bun:test";
import { ConfigError, readConfig } from "./config.ts";
import type { Definition } from "./flags.ts";
import { renderHelp, renderTable } from "./help.ts";
import { listenPort, nonEmpty, oneOf } from "./values.ts";

const flags = {
  proxyPort: {
    flag: "proxy-port",
    placeholder: "PORT",
    default: "19090",
    help: "Port to listen on.",
    schema: listenPort(),
  },
  certDir: {
    flag: "cert-dir",
    aliases: ["certDir"],
    placeholder: "DIR",
    default: "/certs",
    help: "Directory of the certificate.",
    schema: nonEmpty(),
  },
  native: {
    flag: "enable-native",
    placeholder: "WHEN",
    default: "false",
    bare: "true",
    help: "Whether to use native sidecars.",
    schema: oneOf(["auto", "true", "false"]),
  },
  password: {
    flag: "password",
    placeholder: "TEXT",
    env: "CLOUD_PASSWORD",
    secret: true,
    default: "unset",
    help: "The password.",
    schema: nonEmpty(),
  },
} as const;

const definition: Definition<typeof flags> = {
  name: "thing",
  prefix: "THING",
  about: "Does a thing.",
  flags,
};

function read(
  argv: string[],
  env: Record<string, string> = {},
  files: Record<string, string> = {},
) {
  const readFile = (path: string) => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error("no"), { code: "ENOENT" });
    return text;
  };
  return readConfig(definition, { argv, env, readFile });
}

function values(
  argv: string[],
  env: Record<string, string> = {},
  files: Record<string, string> = {},
) {
  const line = read(argv, env, files);
  if (line.kind !== "config") throw new TypeError(`Expected a configuration, not ${line.kind}`);
  return line.values;
}

function problems(
  argv: string[],
  env: Record<string, string> = {},
  files: Record<string, string> = {},
) {
  try {
    read(argv, env, files);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe("readConfig() finds a value", () => {
  test("in the defaults when nothing is given", () => {
    expect(values([])).toEqual({
      proxyPort: 19_090,
      certDir: "/certs",
      native: "false",
      password: "unset",
    });
  });
  test.each([
    [["--proxy-port", "1"], 1],
    [["--proxy-port=1"], 1],
    [["--proxy-port", "1", "--proxy-port", "2"], 2],
  ])("on the command line %p", (argv, port) => {
    expect(values(argv).proxyPort).toBe(port);
  });
  test("in a repeatable flag, joined by commas as a variable holds them", () => {
    const path = {
      flag: "path",
      placeholder: "P",
      default: "/",
      repeatable: true,
      help: "Path.",
      schema: nonEmpty(),
    };
    const program = { name: "thing", prefix: "THING", about: "", flags: { path } };
    const run = (argv: string[]) => readConfig(program, { argv, env: {}, readFile: () => "" });
    expect(run(["--path=/a", "--path", "/b"])).toEqual({
      kind: "config",
      values: { path: "/a,/b" },
    });
  });
  test("under an alias", () => {
    expect(values(["--certDir=/a"]).certDir).toBe("/a");
  });
  test("in a bare flag, which takes no separate value", () => {
    expect(values(["--enable-native"]).native).toBe("true");
    expect(values(["--enable-native=auto"]).native).toBe("auto");
    expect(problems(["--enable-native", "auto"])).toEqual(['"auto": unexpected argument']);
  });
  test("in the prefixed variable, unless the flag is given or the variable is empty", () => {
    expect(values([], { THING_PROXY_PORT: "7" }).proxyPort).toBe(7);
    expect(values(["--proxy-port=1"], { THING_PROXY_PORT: "7" }).proxyPort).toBe(1);
    expect(values([], { THING_PROXY_PORT: "" }).proxyPort).toBe(19_090);
  });
  test("never in the unprefixed variable, which Kubernetes sets beside a Service of that name", () => {
    expect(values([], { PROXY_PORT: "tcp://10.0.0.1:80" }).proxyPort).toBe(19_090);
  });
  test("of a secret in a file, without the newline at its end", () => {
    expect(values([], { CLOUD_PASSWORD_FILE: "/s" }, { "/s": "hunter2\n" }).password).toBe(
      "hunter2",
    );
  });
  test("and freezes the result", () => {
    expect(Object.isFrozen(values([]))).toBe(true);
  });
});

describe("readConfig() reports", () => {
  test("every problem at once, with its source, its value and what is allowed", () => {
    expect(
      problems(["--proxy-port", "abc", "--nope", "--enable-native=maybe", "stray", "--certDir"]),
    ).toEqual([
      "--nope: unknown flag",
      '"stray": unexpected argument',
      "--certDir: needs a value",
      '--proxy-port "abc": must be a whole number from 0 to 65535',
      '--enable-native "maybe": must be one of auto, true, false',
    ]);
  });
  test("the variable when that is where the value came from", () => {
    expect(problems([], { THING_PROXY_PORT: "70000" })).toEqual([
      'THING_PROXY_PORT "70000": must be a whole number from 0 to 65535',
    ]);
  });
  test("a flag that swallowed the next one", () => {
    expect(problems(["--cert-dir", "--proxy-port=1"])).toEqual(["--cert-dir: needs a value"]);
  });
  test("an unknown flag once, not its value too", () => {
    expect(problems(["--originl-port", "1", "stray"])).toEqual([
      "--originl-port: unknown flag",
      '"stray": unexpected argument',
    ]);
  });
  test("the flag that was probably meant", () => {
    expect(problems(["--proxyPort=1"])).toEqual([
      "--proxyPort: unknown flag, did you mean --proxy-port?",
    ]);
  });
  test("a secret on the command line as unknown, without its value", () => {
    expect(problems(["--password=hunter2"])).toEqual(["--password: unknown flag"]);
  });
  test("a secret's fault without its value", () => {
    expect(problems([], { CLOUD_PASSWORD: "   " })).toEqual([
      "CLOUD_PASSWORD: must be text that is not empty",
    ]);
  });
  test("a secret's file that cannot be read, or that stands beside the variable", () => {
    expect(problems([], { CLOUD_PASSWORD_FILE: "/none" })).toEqual([
      'CLOUD_PASSWORD_FILE "/none": cannot be read (ENOENT)',
    ]);
    expect(problems([], { CLOUD_PASSWORD: "a", CLOUD_PASSWORD_FILE: "/s" }, { "/s": "b" })).toEqual(
      ["CLOUD_PASSWORD and CLOUD_PASSWORD_FILE: only one of the two may be set"],
    );
  });
  test("a required flag that is missing", () => {
    const required = {
      ...flags,
      target: { flag: "target", placeholder: "URL", help: "What to ask.", schema: nonEmpty() },
    };
    const run = () =>
      readConfig({ ...definition, flags: required }, { argv: [], env: {}, readFile: () => "" });
    expect(run).toThrow("--target or THING_TARGET: is required. What to ask.");
  });
  test("what only shows across flags", () => {
    const check = () => ["--a and --b: are the same"];
    const run = () =>
      readConfig({ ...definition, check }, { argv: [], env: {}, readFile: () => "" });
    expect(run).toThrow("--a and --b: are the same");
  });
  test("what flags point to, also beside other faults, with the values that could be read", () => {
    const inspect = (seen: { certDir?: string; proxyPort?: number }) => [JSON.stringify(seen)];
    const argv = ["--proxy-port=abc", "--cert-dir=/a", "--native"];
    const run = () => readConfig({ ...definition, inspect }, { argv, env: {}, readFile: () => "" });
    expect(run).toThrow('must be a whole number from 0 to 65535; {"certDir":"/a","native":"false"');
  });
});

test("readConfig() answers --help with every flag, variable and default, faults or not", () => {
  const line = read(["--proxy-port=abc", "-h"]);
  if (line.kind !== "help") throw new TypeError("Expected help");
  for (const part of [
    "--proxy-port PORT",
    "[THING_PROXY_PORT]",
    "Default: 19090.",
    "--enable-native[=WHEN]",
    "CLOUD_PASSWORD_FILE",
  ]) {
    expect(line.text).toContain(part);
  }
  expect(line.text).not.toContain("--password");
});

test("readConfig() answers --version", () => {
  expect(read(["--version"]).kind).toBe("version");
});

describe("an optional flag", () => {
  const zone = { flag: "zone", placeholder: "ZONE", help: "Zone.", schema: oneOf(["a", "b"]) };
  const id = { flag: "id", env: "CLOUD_ID", secret: true, placeholder: "ID", help: "Account." };
  const optional = {
    name: "thing",
    prefix: "THING",
    about: "Does a thing.",
    flags: {
      zone: { ...zone, optional: "required on Sundays" },
      id: { ...id, schema: nonEmpty(), optional: "required on Sundays" },
    },
  } as const;
  const run = (argv: string[], env: Record<string, string> = {}) => {
    const line = readConfig(optional, { argv, env, readFile: () => "" });
    if (line.kind !== "config") throw new TypeError(line.kind);
    return line.values;
  };

  test("is there as undefined when it is left out", () => {
    const { zone: left }: { zone: "a" | "b" | undefined } = run([]);
    expect(left).toBeUndefined();
    expect(Object.keys(run([]))).toEqual(["zone", "id"]);
    expect(run(["--zone=a"], { CLOUD_ID: "me" })).toEqual({ zone: "a", id: "me" });
  });
  test("is checked when it is given", () => {
    expect(() => run(["--zone=c"])).toThrow('--zone "c": must be one of a, b');
  });
  test("tells inspect whether it was left out or faulty", () => {
    const seen: unknown[] = [];
    const inspect = (given: object) => [String(seen.push(given))];
    const look = (argv: string[]) => () =>
      readConfig({ ...optional, inspect }, { argv, env: {}, readFile: () => "" });
    expect(look(["--zone=c"])).toThrow();
    expect(look([])).toThrow();
    expect(seen.map((given) => "zone" in (given as object))).toEqual([false, true]);
  });
  test("says in the help and in the table when it is required after all", () => {
    expect(renderHelp(optional)).toContain("Zone. Required on Sundays. [THING_ZONE]");
    expect(renderHelp(optional)).toContain("Account. Required on Sundays. Or CLOUD_ID_FILE:");
    expect(renderTable(optional)).toContain(
      "| `--zone` | `THING_ZONE` | required on Sundays | Zone. |",
    );
  });
});
