/** Whole numbers -> a whole number of 32 bits: FNV-1a, and MurmurHash3's last mix, so that neighbours are nothing alike. */
export function hash(...parts: readonly number[]): number {
  let sum = 0x811c9dc5;
  for (const part of parts) sum = Math.imul(sum ^ part, 0x01000193);
  sum = Math.imul(sum ^ (sum >>> 16), 0x85ebca6b);
  sum = Math.imul(sum ^ (sum >>> 13), 0xc2b2ae35);
  return (sum ^ (sum >>> 16)) >>> 0;
}
