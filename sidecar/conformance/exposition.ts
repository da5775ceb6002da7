/** Series with their values -> a page as Prometheus client libraries write it, and which one was asked for. */

/** What an application can answer with. */
export type Protocol = "text" | "openmetrics" | "protobuf";

/** Series such as `errors_total{code="500"}` with their values. */
export type Series = ReadonlyMap<string, number>;

const MEDIA_TYPES: readonly (readonly [string, Protocol])[] = [
  ["application/vnd.google.protobuf", "protobuf"],
  ["application/openmetrics-text", "openmetrics"],
  ["text/plain", "text"],
];

/** The first protocol of an Accept header that we speak; scrapers list the one they prefer first. */
export function negotiate(accept: string): Protocol {
  const offers = accept.split(",").map((offer) => offer.trim().split(";")[0]);
  for (const offer of offers) {
    const known = MEDIA_TYPES.find(([type]) => type === offer);
    if (known) return known[1];
  }
  return "text";
}

const CONTENT_TYPES: Readonly<Record<Protocol, string>> = {
  protobuf:
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
  text: "text/plain; version=0.0.4; charset=utf-8",
};

/** The Content-Type of a protocol, as client_golang writes it. */
export function contentTypeOf(protocol: Protocol, accept: string): string {
  return CONTENT_TYPES[protocol] + (accept.includes("escaping=") ? "; escaping=underscores" : "");
}

/** A page; `filler` is put in as it is, where a text page has room for it. */
export function renderPage(protocol: Protocol, series: Series, filler: Uint8Array): Buffer {
  if (protocol === "protobuf") return renderProtobuf(series);
  const openMetrics = protocol === "openmetrics";
  const lines: string[] = [];
  for (const [family, members] of byFamily(series)) {
    const counter = family.endsWith("_total");
    const name = openMetrics && counter ? family.slice(0, -"_total".length) : family;
    lines.push(`# HELP ${name} A number of the fake application.`);
    lines.push(`# TYPE ${name} ${counter ? "counter" : "gauge"}`);
    for (const [one, value] of members) lines.push(`${one} ${value}`);
  }
  const text = Buffer.from(`${lines.join("\n")}\n`);
  return Buffer.concat([text, filler, Buffer.from(openMetrics ? "# EOF\n" : "")]);
}

/** Gauge lines of about that many bytes together. */
export function fillerLines(bytes: number): Buffer {
  const width = 64;
  const lines = Math.ceil(bytes / width);
  const line = (n: number) => `${`filler{n="${n}"}`.padEnd(width - 3)} 1\n`;
  return Buffer.from(Array.from({ length: lines }, (_, n) => line(n)).join(""));
}

function byFamily(series: Series): ReadonlyMap<string, readonly (readonly [string, number])[]> {
  return Map.groupBy(series, ([name]) => name.split("{")[0] ?? name);
}

/** io.prometheus.client.MetricFamily messages, each with its length before it. */
function renderProtobuf(series: Series): Buffer {
  const families = [...byFamily(series)].map(([family, members]) => {
    const counter = family.endsWith("_total");
    const metrics = members.map(([name, value]) => {
      const labels = [...name.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, text]) =>
        field(1, Buffer.concat([field(1, label ?? ""), field(2, text ?? "")])),
      );
      const number = Buffer.alloc(9);
      number[0] = (1 << 3) | 1; // `value`, a 64-bit number
      number.writeDoubleLE(value, 1);
      return field(4, Buffer.concat([...labels, field(counter ? 3 : 2, number)]));
    });
    const type = Buffer.from([3 << 3, counter ? 0 : 1]);
    const message = Buffer.concat([field(1, family), type, ...metrics]);
    return Buffer.concat([varint(message.length), message]);
  });
  return Buffer.concat(families);
}

function field(tag: number, content: string | Buffer): Buffer {
  const bytes = Buffer.from(content as string);
  return Buffer.concat([varint((tag << 3) | 2), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}
