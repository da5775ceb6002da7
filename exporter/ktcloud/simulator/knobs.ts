/** JSON from `PUT /-/knobs` -> how the simulator behaves from now on, or what is wrong with it. */
import { z } from "zod";
import { faultSchema, zonePrefix } from "./fault-schema.ts";

export type { Fault } from "./fault-schema.ts";

/** The fields that hold numbers, by their names in the command dialect; the rest dialect's follow them. */
export const NUMBER_FIELDS = [
  "cursrvrconnections",
  "throughputrate",
  "avgsvrttfb",
  "requestsrate",
  "establishedconn",
] as const;

export type NumberField = (typeof NUMBER_FIELDS)[number];

/** What can be set for all zones, for one zone, and for one load balancer. */
const listShape = {
  servers: z.int().min(0).max(1000).describe("Servers of each load balancer."),
  numbers: z
    .enum(["number", "string", "float", "mixed"])
    .describe(
      "Wire type of numbers; `mixed` walks through text, fractions, blanks, `null`, `N/A`, `-` and keys that end in a blank.",
    ),
  oddNumbers: z
    .partialRecord(z.enum(NUMBER_FIELDS), z.string().max(100).nullable())
    .describe("What single fields hold instead of a number; `missing` leaves their key out."),
  emptyShape: z
    .enum(["array", "missing", "null", "envelope"])
    .describe("How a list without items is written: `[]`, no key, `null`, or an empty envelope."),
  singleAsObject: z.boolean().describe("Whether a list of one item is that item, not an array."),
  count: z
    .enum(["right", "wrong", "absent", "string"])
    .describe("What `count` says, and `total` in the rest dialect; `wrong` is one too high."),
  states: z
    .enum(["normal", "lower", "words", "empty", "missing"])
    .describe(
      "How states are written; `words` walks through the load balancer's whole vocabulary, `missing` leaves the key out.",
    ),
  duplicateServers: z
    .int()
    .min(0)
    .max(100)
    .describe("So many servers of each load balancer are listed twice."),
};

const zoneShape = {
  dialect: z
    .enum(["command", "command-legacy-path", "rest", "both", "none"])
    .describe(
      "What the zone speaks; anything else is a gateway's 404. `both` is `command` and `rest`.",
    ),
  loadBalancers: z.int().min(0).max(10_000).describe("Load balancers of each zone."),
  ...listShape,
  duplicateBalancers: z.int().min(0).max(100).describe("So many load balancers are listed twice."),
  names: z
    .enum(["normal", "hostile"])
    .describe("`hostile` names hold quotes, line breaks, backslashes, markup, blanks, nothing."),
  drift: z.boolean().describe("Whether numbers change with time, a little each five seconds."),
  ids: z
    .enum(["number", "string"])
    .describe("Wire type of the command dialect's ids; the rest dialect's are always UUIDs."),
  ports: z
    .enum(["documented", "number", "string"])
    .describe("Wire type of ports; documented is text in the command dialect, a number in rest."),
  envelopeCase: z
    .enum(["lower", "go"])
    .describe("`go` writes `listLoadBalancerWebServersresponse`, as the Go client's tags do."),
  fieldCase: z
    .enum(["documented", "lower", "camel"])
    .describe("How `cipherGroupName`, `clientIpYn` and `curCLntConnections` are written."),
  keyBlank: z
    .boolean()
    .describe("Whether the keys of throughput, time to first byte and requests end in a blank."),
  pagination: z.enum(["present", "absent"]).describe("The rest dialect's `pagination` object."),
  contentType: z.enum(["json", "text", "html"]).describe("What the header calls the JSON."),
  tokenTtlSeconds: z.int().min(1).max(86_400).describe("Lifetime of tokens issued from now on."),
  tokenStatus: z.literal([200, 201]).describe("Status of a successful login."),
  expiresAt: z
    .enum(["present", "absent", "unreadable"])
    .describe("Whether a login says when its token ends."),
  clockSkewSeconds: z
    .int()
    .min(-86_400)
    .max(86_400)
    .describe(
      "How far the cloud's clock is from the true time; it stamps tokens, `Date` and `Retry-After`.",
    ),
  rateLimit: z
    .strictObject({
      perSecond: z.int().min(1).max(100_000),
      answer: z.enum(["429", "200", "500"]).default("429"),
      retryAfter: z.enum(["none", "seconds", "date"]).default("none"),
      retryAfterSeconds: z.int().min(0).max(86_400).default(1),
    })
    .nullable()
    .describe("Calls per second and token beyond which lists are refused, and how; `null`: never."),
};

/** The schema of the knobs that can also be set for one zone. */
export const ZONE_KNOBS = z.strictObject(zoneShape);

/** What can be set for one load balancer. */
export const BALANCER_KNOBS = z
  .strictObject({
    ...listShape,
    name: z.string().max(1000).describe("Its name."),
    state: z.string().max(100).nullable().describe("Its state; `null` leaves the key out."),
    serverStates: z
      .array(z.string().max(100).nullable())
      .max(1000)
      .describe("The states of its servers from the first on; `null` leaves the key out."),
    withoutServers: z
      .array(z.int().min(0).max(999))
      .max(1000)
      .describe("Servers that are gone, by their place, 0 being the first."),
    hide: z
      .enum(["list", "servers", "everywhere"])
      .describe(
        "Where it does not exist: left out of the list only, unknown to the call for its servers only, or both.",
      ),
  })
  .partial();

const knobs = z.strictObject({
  ...zoneShape,
  faults: z
    .array(faultSchema)
    .max(100)
    .describe("What goes wrong; the first that fits a call is the one it gets."),
  accounts: z
    .array(z.strictObject({ account: z.string().min(1), password: z.string().min(1).optional() }))
    .max(100)
    .describe(
      "Accounts beside the one of the flags, each with load balancers of its own. Passwords are never shown; one left out stays as it was.",
    ),
  zones: z
    .partialRecord(zonePrefix, ZONE_KNOBS.partial())
    .describe("Knobs of single zones, by URL prefix."),
  balancers: z
    .record(z.string(), BALANCER_KNOBS)
    .describe("Knobs of single load balancers, by number or UUID."),
});

/** The schema of everything that can be set while the simulator runs. */
export const KNOBS = knobs;

/** A change of some knobs; those not named stay. */
export const knobChange = knobs.partial();

/** Everything that can be set while the simulator runs. */
export type Knobs = z.output<typeof knobs>;

/** Some knobs, as JSON gives them. */
export type KnobChange = z.input<typeof knobChange>;

/** The knobs in force in one zone. */
export type ZoneKnobs = z.output<typeof ZONE_KNOBS>;

/** The knobs of one load balancer, over those of its zone. */
export type BalancerKnobs = Defined<z.output<typeof BALANCER_KNOBS>>;

/** Without `undefined` as a value; a key may still be absent. */
export type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** How a list is written, whatever the knobs come from. */
export type ListKnobs = Pick<ZoneKnobs, keyof typeof listShape>;
