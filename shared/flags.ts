/** How a program declares its flags; config.ts reads them and help.ts describes them. */
import type * as z from "zod/mini";
import type { TextSchema } from "./values.ts";

/** One flag, with the environment variable that stands in for it. */
export interface Flag<T> {
  /** Long name without dashes: `proxy-port`. */
  readonly flag: string;
  /** Other spellings that are taken silently: `certDir`. */
  readonly aliases?: readonly string[];
  /** One letter, for `-f`. */
  readonly short?: string;
  /** What the value is called in the help: `PORT`. */
  readonly placeholder: string;
  /** One sentence, with the unit. */
  readonly help: string;
  /** Checks the text and gives the value. */
  readonly schema: TextSchema<T>;
  /** The default as text, read by the same schema. Without one the flag is required, or optional. */
  readonly default?: string;
  /** May be left out though there is no default; the value is `undefined` then. Says when it may not, for the help. */
  readonly optional?: string;
  /** What `--flag` without a value means; such a flag takes a value only as `--flag=value`. */
  readonly bare?: string;
  /** Given several times, the values are joined by commas, as the variable holds them. */
  readonly repeatable?: boolean;
  /**
   * Replaces the derived variable name (prefix, upper case, `_` for `-` and `.`). With `secret`
   * there is no flag at all, since a command line can be read by others on the machine.
   */
  readonly env?: string;
  /** Environment only, never printed; `<env>_FILE` may name a file that holds the value instead. */
  readonly secret?: boolean;
}

/** The flags of a component, by the name of the configuration's field. */
export type Flags = Readonly<Record<string, Flag<unknown>>>;

/** The configuration that a set of flags gives. */
export type Values<F extends Flags> = {
  readonly [K in keyof F]:
    | z.output<F[K]["schema"]>
    | (F[K] extends { readonly optional: string } ? undefined : never);
};

/** A program as its command line describes it. */
export interface Program<F extends Flags = Flags> {
  /** The executable's name: `sidecar`. */
  readonly name: string;
  /** Prefix of the environment variables: `SIDECAR`. */
  readonly prefix: string;
  /** What the program does, for the top of `--help`. */
  readonly about: string;
  readonly flags: F;
  /** What may stand beside the flags: `[PATH]`. */
  readonly operand?: string;
  /** What else the executable does, where its first argument is one of these words. */
  readonly commands?: Readonly<Record<string, string>>;
  /** Example command lines for the end of `--help`. */
  readonly examples?: readonly string[];
}

/** The variable that stands in for a flag: prefix `SIDECAR` and `proxy-port` give `SIDECAR_PROXY_PORT`. */
export function environmentName(prefix: string, flag: Flag<unknown>): string {
  return flag.env ?? `${prefix}_${flag.flag.replaceAll(/[-.]/g, "_").toUpperCase()}`;
}

/** The problem of a required flag that was given in no way, for a check that requires an optional one. */
export function missingFlag(flag: Flag<unknown>, prefix: string): string {
  const variable = environmentName(prefix, flag);
  const how = flag.secret ? `${variable} or ${variable}_FILE` : `--${flag.flag} or ${variable}`;
  return `${how}: is required. ${flag.help}`;
}

/** A program with the checks that span several flags. */
export interface Definition<F extends Flags> extends Program<F> {
  /** Returns one message per problem. */
  readonly check?: (values: Values<F>) => readonly string[];
  /**
   * Looks at what flags point to, such as files; returns one message per problem. Called whatever
   * else is wrong, so that all problems are told at once, with the values that could be read: an optional
   * one that was left out is there as `undefined`, one that was faulty is not there at all.
   */
  readonly inspect?: (values: Partial<Values<F>>) => readonly string[];
}
