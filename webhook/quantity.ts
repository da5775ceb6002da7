/** Kubernetes quantities: `100m`, `0.5`, `64Mi`, `1e3` -> numbers that can be compared. */

const QUANTITY = /^([+-]?(?:\d+(?:\.\d*)?|\.\d+))(?:([KMGTPE]i|[numkMGTPE])|[eE]([+-]?\d{1,3}))?$/;

const SUFFIXES: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/**
 * The quantity in its base unit, cores or bytes; `undefined` for anything else. The grammar is that of
 * https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/. In YAML it may be
 * a number.
 */
export function parseQuantity(quantity: string | number | null | undefined): number | undefined {
  const match = QUANTITY.exec(String(quantity));
  if (match === null) return undefined;
  const [, number, suffix, exponent] = match;
  // Rounded, so that 1.1 and 1100m are the same: the API server knows no more than nano either.
  const value = Number(number) * (suffix ? (SUFFIXES[suffix] ?? 1) : 10 ** Number(exponent ?? 0));
  return Number.isFinite(value) ? Number(value.toPrecision(12)) : undefined;
}
