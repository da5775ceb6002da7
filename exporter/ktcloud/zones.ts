/** The zones of KT Cloud's D platform and the URL prefix of each. No call lists them (contract 1.2). */

/** Zone name -> URL prefix. The name is also the value of the label `zone`. */
export const KT_ZONES = {
  "DX-M1": "d1",
  "DX-Central": "d2",
  "DX-DCN-CJ": "d3",
  "DX-G": "gd1",
  "DX-G-YS": "gd4",
} as const;

/** A zone as users name it: `DX-M1`. */
export type ZoneName = keyof typeof KT_ZONES;

/** A zone as URLs name it: `d1`. */
export type ZonePrefix = (typeof KT_ZONES)[ZoneName];

/** All zone names, in the order of the table. */
export const ZONE_NAMES = Object.keys(KT_ZONES) as readonly ZoneName[];

/** The zone that a URL prefix stands for, or `undefined`. */
export function zoneOfPrefix(prefix: string): ZoneName | undefined {
  return ZONE_NAMES.find((name) => KT_ZONES[name] === prefix);
}
