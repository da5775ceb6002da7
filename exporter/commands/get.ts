/** `exporter get [PATH]`: a page of the exporter that runs on this machine -> stdout. */
import type { Definition, Values } from "../../shared/flags.ts";
import { describeError } from "../../shared/log.ts";
import {
  duration,
  nonEmpty,
  oneOf,
  optionalText,
  requiredBindAddress,
} from "../../shared/values.ts";
import type { Fetch } from "../ktcloud/exchange.ts";
import type { CommandResult } from "./commands.ts";

const flags = {
  listenAddress: {
    flag: "web.listen-address",
    placeholder: "ADDRESS",
    default: ":9105",
    help: "Address that the exporter serves on, as it was told itself. Where that is every address, it is asked at loopback.",
    schema: requiredBindAddress(),
  },
  scheme: {
    flag: "scheme",
    env: "EXPORTER_GET_SCHEME",
    placeholder: "http|https",
    default: "http",
    help: "https where its web configuration has TLS; the certificate of one's own machine is not verified.",
    schema: oneOf(["http", "https"]),
  },
  user: {
    flag: "user",
    env: "EXPORTER_GET_USER",
    placeholder: "NAME",
    default: "",
    help: "User of its web configuration's basic authentication; none if empty.",
    schema: optionalText(),
  },
  password: {
    flag: "password",
    env: "EXPORTER_GET_PASSWORD",
    secret: true,
    placeholder: "PASSWORD",
    default: "-",
    help: "Password of that user.",
    schema: nonEmpty(),
  },
  timeout: {
    flag: "timeout",
    env: "EXPORTER_GET_TIMEOUT",
    placeholder: "DURATION",
    default: "10s",
    help: "How long to wait for the whole page.",
    schema: duration(10, 600_000),
  },
} as const;

/** The command's own command line. */
export const getDefinition: Definition<typeof flags> = {
  name: "exporter get",
  operand: "[PATH]",
  prefix: "EXPORTER",
  about:
    "Prints a page of the exporter that runs on this machine: /metrics, or another PATH such as / or /-/ready. Exit code 1 where it does not answer with 200.",
  flags,
  examples: [
    "exporter get",
    "exporter get /-/metrics --scheme https --user prometheus",
    "kubectl exec -n monitoring deploy/lb-exporter -- lb-exporter get /-/ready",
  ],
};

export type GetConfig = Values<typeof flags>;

/** Hosts that mean every address: the exporter is then asked at loopback. */
const EVERYWHERE: Readonly<Record<string, string>> = { "::": "localhost", "0.0.0.0": "127.0.0.1" };

/** Fetches a page. `path` begins with a slash. */
export async function get(config: GetConfig, path: string, fetch: Fetch): Promise<CommandResult> {
  const { listenAddress, scheme, user, password, timeout } = config;
  const host = EVERYWHERE[listenAddress.host] ?? listenAddress.host;
  const name = host.includes(":") ? `[${host}]` : host;
  const url = `${scheme}://${name}:${listenAddress.port}${path}`;
  const credentials = Buffer.from(`${user}:${password}`).toString("base64");
  const failed = (why: string): CommandResult => ({
    code: 1,
    out: "",
    err: `exporter get: ${url}: ${why}\n`,
  });
  try {
    const answer = await fetch(url, {
      headers: user === "" ? {} : { authorization: `Basic ${credentials}` },
      signal: AbortSignal.timeout(timeout),
      redirect: "manual",
      proxy: false,
      tls: { rejectUnauthorized: false },
    });
    const body = await answer.text();
    if (answer.status === 200) return { code: 0, out: body, err: "" };
    return failed(`answered with ${answer.status}: ${body.trim().slice(0, 500)}`);
  } catch (error) {
    return failed(`${describeError(error)}; is the exporter running, and on this address?`);
  }
}
