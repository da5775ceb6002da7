/** The flags of the exporter's own web server. */
import type { Flags } from "../../shared/flags.ts";
import { parsed } from "../../shared/values.ts";

export const webFlags = {
  webConfigFile: {
    flag: "web.config.file",
    placeholder: "FILE",
    default: "",
    help: "YAML file with TLS, users, headers and a rate limit for the listener, as Prometheus' exporters take it, read again when it changes (docs/web-configuration.md). Without it: plain HTTP for everybody.",
    schema: parsed("a path", (text) => text),
  },
} as const satisfies Flags;
