/** The schemas of knobs and faults -> the rows of the tables in the documentation. */
import { z } from "zod";
import { definition } from "./config.ts";
import { allowedText, describeKnobs, type KnobInfo } from "./describe.ts";
import { FAULT_KINDS, FAULT_SCOPE } from "./fault-schema.ts";
import { BALANCER_KNOBS, KNOBS } from "./knobs.ts";
import { defaultKnobs } from "./settings.ts";

type Row = readonly string[];

/** Every knob: name, default, allowed values, meaning. Those that single zones can have come first. */
export function knobRows(): Row[] {
  const { loadBalancers, servers } = definition.flags;
  const defaults: Readonly<Record<string, unknown>> = {
    ...defaultKnobs({
      loadBalancers: Number(loadBalancers.default),
      servers: Number(servers.default),
    }),
  };
  return describeKnobs(KNOBS).map(({ name, allowed, meaning }) => {
    const value = defaults[name];
    const standard = typeof value === "string" ? value : JSON.stringify(value);
    return [`\`${name}\``, `\`${standard}\``, allowedText(allowed), meaning];
  });
}

/** The knobs of one load balancer: name, allowed values, meaning. */
export function balancerKnobRows(): Row[] {
  return describeKnobs(BALANCER_KNOBS).map(rowOf);
}

/** The kinds of faults: name, fields beside the limits, what happens. */
export function faultRows(): Row[] {
  return FAULT_KINDS.map((kind) => {
    const fields = describeKnobs(kind).filter(
      ({ name }) => name !== "kind" && !Object.hasOwn(FAULT_SCOPE, name),
    );
    const texts = fields.map(({ name, allowed }) => `\`${name}\`: ${allowedText(allowed)}`);
    return [`\`${kind.shape.kind.value}\``, texts.join("; "), kind.description ?? ""];
  });
}

/** The limits of a fault: name, allowed values, meaning. */
export function scopeRows(): Row[] {
  return describeKnobs(z.strictObject(FAULT_SCOPE)).map(rowOf);
}

function rowOf({ name, allowed, meaning }: KnobInfo): Row {
  return [`\`${name}\``, allowedText(allowed), meaning];
}
