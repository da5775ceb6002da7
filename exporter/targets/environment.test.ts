import { describe, expect, test } from "bun:test";
import { ConfigError, readConfig } from "../../shared/config.ts";
import { renderTable } from "../../shared/help.ts";
import { environmentTargets, inspectAccess, withEnvFile } from "./environment.ts";
import { accessFlags, targetDefaults, targetFlags } from "./flags.ts";

const flags = { ...accessFlags, ...targetFlags };
const program = {
  name: "exporter",
  prefix: "EXPORTER",
  about: "",
  flags,
  inspect: inspectAccess,
};

type Files = Readonly<Record<string, string>>;

function start(argv: readonly string[], env: Files = {}, files: Files = {}) {
  const readFile = (path: string) => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error(path), { code: "ENOENT" });
    return text;
  };
  const started = withEnvFile({ argv, env }, readFile);
  return { ...readConfig<typeof flags>(program, { ...started, readFile }), env: started.env };
}

function values(argv: readonly string[], env: Files = {}, files: Files = {}) {
  const line = start(argv, env, files);
  if (line.kind !== "config") throw new TypeError(line.kind);
  return line.values;
}

function problems(argv: readonly string[], env: Files = {}, files: Files = {}) {
  try {
    start(argv, env, files);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

const ENV = { CLOUD_ID: "me", CLOUD_PASSWORD: " p ", CLOUD_ZONE: "DX-G" };
const ZONES = "DX-M1, DX-Central, DX-DCN-CJ, DX-G, DX-G-YS";

describe("the flags of targets", () => {
  test("need nothing but the three variables", () => {
    expect(values([], ENV)).toEqual({
      zone: "DX-G",
      account: "me",
      password: " p ",
      configFile: "",
      configCheck: "false",
      envFile: ".env",
      lbInclude: [],
      lbExclude: [],
      dialect: "auto",
      spacing: 0,
    });
  });
  test("need none of them beside a configuration file", () => {
    expect(values(["--config.file=a.yaml", "--config.check"])).toMatchObject({
      configFile: "a.yaml",
      configCheck: "true",
      zone: undefined,
      password: undefined,
    });
  });
  test("take one expression each, with whatever commas", () => {
    expect(values(["--lb.include=web-.{1,3}|api"], ENV).lbInclude).toEqual(["web-.{1,3}|api"]);
    expect(problems(["--lb.exclude=["], ENV)).toEqual([
      '--lb.exclude "[": must be a regular expression that RE2 and JavaScript read alike, at most 1000 characters',
    ]);
  });
  test("read their variables under EXPORTER_", () => {
    const env = { ...ENV, EXPORTER_API_DIALECT: "rest", EXPORTER_COLLECT_SPACING: "1s" };
    expect(values([], env)).toMatchObject({ dialect: "rest", spacing: 1000 });
    expect(values([], { EXPORTER_CONFIG_FILE: "a" }).configFile).toBe("a");
  });
  test("say in the table when they may not be left out", () => {
    expect(renderTable(program)).toContain(
      "| `--cloud.zone` | `CLOUD_ZONE` | required without --config.file |",
    );
  });
});

describe("inspectAccess() reports", () => {
  test("what is missing without a configuration file, beside other problems", () => {
    expect(problems(["--api.dialect=x"], { CLOUD_ID: "me" })).toEqual([
      '--api.dialect "x": must be one of auto, command, rest',
      `--cloud.zone or CLOUD_ZONE: is required. Zone whose load balancers to export: ${ZONES}.`,
      "CLOUD_PASSWORD or CLOUD_PASSWORD_FILE: is required. Password of that account.",
    ]);
  });
  test("a faulty one only once", () => {
    expect(problems([], { ...ENV, CLOUD_ZONE: "dx-g" })).toEqual([
      `CLOUD_ZONE "dx-g": must be one of ${ZONES}`,
    ]);
  });
  test("whatever is given beside a configuration file", () => {
    const env = { CLOUD_ID: "me", CLOUD_PASSWORD_FILE: "/p" };
    expect(problems(["--config.file=a", "--cloud.zone=DX-G"], env, { "/p": "x" })).toEqual([
      "--config.file and --cloud.zone (CLOUD_ZONE): only one of the two may be set",
      "--config.file and CLOUD_ID: only one of the two may be set",
      "--config.file and CLOUD_PASSWORD: only one of the two may be set",
    ]);
  });
});

describe("withEnvFile() reads", () => {
  const FILE = "CLOUD_ID=file\nCLOUD_PASSWORD='p # p'\nCLOUD_ZONE=DX-M1\n";
  test(".env in the working directory, where the environment has nothing", () => {
    const read = values([], { CLOUD_ID: "env" }, { ".env": FILE });
    expect(read).toMatchObject({ account: "env", password: "p # p", zone: "DX-M1" });
  });
  test("the file that is named, by flag or variable", () => {
    const files = { ".env": "CLOUD_ID=other", "a.env": FILE };
    expect(values(["--env-file=a.env"], {}, files).account).toBe("file");
    expect(values(["--env-file", "a.env"], {}, files).account).toBe("file");
    expect(values([], { EXPORTER_ENV_FILE: "a.env" }, files).account).toBe("file");
  });
  test("none where it is empty, and no default beside a configuration file", () => {
    expect(values(["--env-file="], ENV, { ".env": "malformed" }).account).toBe("me");
    expect(values(["--config.file=a"], {}, { ".env": FILE }).account).toBeUndefined();
    const env = { EXPORTER_CONFIG_FILE: "a" };
    expect(values([], env, { ".env": FILE }).account).toBeUndefined();
  });
  test("a named one also beside a configuration file, which is a problem", () => {
    const files = { "a.env": "CLOUD_ID=me" };
    expect(problems(["--config.file=a", "--env-file=a.env"], {}, files)).toEqual([
      "--config.file and CLOUD_ID: only one of the two may be set",
    ]);
  });
  test("nothing for --help and --version", () => {
    expect(start(["--help"], {}, { ".env": "malformed" }).kind).toBe("help");
    expect(start(["--version"], {}, { ".env": "malformed" }).kind).toBe("version");
  });
  test("and reports a named one that is missing", () => {
    expect(problems(["--env-file=none"], ENV)).toEqual([
      '--env-file "none": cannot be read (ENOENT)',
    ]);
  });
});

test("environmentTargets() gives the one target, without a label, and the files of its secrets", () => {
  const defaults = targetDefaults({
    ...values(["--lb.include=web"], ENV),
    apiUrl: "http://cloud",
    collectTimeout: 10,
    collectConcurrency: 2,
  });
  const env = { ...ENV, CLOUD_PASSWORD_FILE: "/run/p" };
  expect(environmentTargets(values([], ENV), env, defaults)).toEqual({
    targets: [
      {
        account: undefined,
        zone: "DX-G",
        credentials: { account: "me", password: " p " },
        apiUrl: "http://cloud",
        dialect: "auto",
        include: ["web"],
        exclude: [],
        timeoutMs: 10,
        concurrency: 2,
        spacingMs: 0,
      },
    ],
    files: ["/run/p"],
  });
  expect(() => environmentTargets({}, {}, defaults)).toThrow(RangeError);
});
