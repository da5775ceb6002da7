/** The webhook's container in a rendered manifest -> the configuration that the webhook reads there. */
import type { V1Container } from "@kubernetes/client-node";
import { readConfig } from "../../shared/config.ts";
import { definition, type WebhookConfig } from "../../webhook/config.ts";
import type { Rendered } from "../render.ts";

/** Throws where the webhook would not start. Its certificate is left aside: there is none here. */
export function settingsOf(rendered: Rendered): WebhookConfig {
  const container = rendered.container();
  const namespace = rendered.one("Deployment").metadata?.namespace ?? "";
  const env = environmentOf(container, namespace);
  return configOf(container.args ?? [], env);
}

export function configOf(
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): WebhookConfig {
  const { inspect: _, ...flagsOnly } = definition;
  const line = readConfig(flagsOnly, { argv, env, readFile: () => "" });
  if (line.kind !== "config") throw new TypeError(`Expected a configuration, not ${line.kind}`);
  return line.values;
}

/** As the kubelet does it: `$(NAME)` stands for what was set before, and stays where nothing was. */
function environmentOf({ env = [] }: V1Container, namespace: string): Record<string, string> {
  const set: Record<string, string> = {};
  for (const { name, value = "", valueFrom } of env) {
    if (valueFrom !== undefined && valueFrom.fieldRef?.fieldPath !== "metadata.namespace") {
      throw new RangeError(`${name} comes from where only a cluster knows`);
    }
    const text = valueFrom === undefined ? value : namespace;
    set[name] = text.replace(/\$\((\w+)\)/g, (whole, other: string) => set[other] ?? whole);
  }
  return set;
}
