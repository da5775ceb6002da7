/** Accept and Accept-Encoding of a scrape -> the format and the encoding of its answer (RFC 9110, 12.5). */
import type { Format } from "./exposition.ts";

/** How a page is sent. */
export type Encoding = "identity" | "gzip";

/**
 * The format that the header prefers. OpenMetrics only where it is named, in a version that we write;
 * text for everything else, as all scrapers read it, and for what nobody could satisfy.
 */
export function chooseFormat(accept: string | undefined): Format {
  let openmetrics = 0;
  let text = 0;
  for (const { value, weight, parameters } of parse(accept ?? "")) {
    if (value === "application/openmetrics-text") {
      const version = parameters.get("version") ?? "1.0.0";
      if (version === "1.0.0" || version === "0.0.1") openmetrics = Math.max(openmetrics, weight);
    } else if (TEXT.has(value)) {
      text = Math.max(text, weight);
    }
  }
  return openmetrics > 0 && openmetrics >= text ? "openmetrics" : "text";
}

const TEXT = new Set(["text/plain", "text/*", "*/*"]);

/** Gzip where the header names it, or everything, with a weight other than 0. */
export function chooseEncoding(acceptEncoding: string | undefined): Encoding {
  const choices = parse(acceptEncoding ?? "");
  const named = choices.find(({ value }) => value === "gzip" || value === "x-gzip");
  const chosen = named ?? choices.find(({ value }) => value === "*");
  return chosen !== undefined && chosen.weight > 0 ? "gzip" : "identity";
}

function parse(header: string) {
  return header.split(",").map((part) => {
    const [value = "", ...rest] = part.split(";").map((text) => text.trim().toLowerCase());
    const parameters = new Map(
      rest.map((one) => {
        const [name = "", text = ""] = one.split("=", 2);
        return [name.trim(), text.trim().replace(/^"(.*)"$/, "$1")] as const;
      }),
    );
    const weight = Number(parameters.get("q") ?? 1);
    return { value, parameters, weight: weight >= 0 && weight <= 1 ? weight : 0 };
  });
}
