/** The checked command line and environment -> the targets, from the configuration file or from CLOUD_…. */
import type { Variables } from "./env-file.ts";
import { environmentTargets } from "./environment.ts";
import { type DefaultsConfig, targetDefaults } from "./flags.ts";
import { readSmallFile } from "./small-file.ts";
import type { Target, TargetSet } from "./target.ts";

/** The values that targets come from. */
export interface TargetsConfig extends DefaultsConfig {
  /** Path of the configuration file, or empty. */
  readonly configFile: string;
  readonly zone?: Target["zone"] | undefined;
  readonly account?: string | undefined;
  readonly password?: string | undefined;
}

/**
 * Reads the targets. Throws a ConfigError with every problem of the file. The parser of YAML is loaded
 * only where there is such a file.
 */
export async function readTargets(config: TargetsConfig, env: Variables): Promise<TargetSet> {
  const defaults = targetDefaults(config);
  if (config.configFile === "") return environmentTargets(config, env, defaults);
  const { readTargetFile } = await import("./file.ts");
  return readTargetFile(config.configFile, defaults, readSmallFile);
}
