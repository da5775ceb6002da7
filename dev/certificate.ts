/** Writes a certificate for this machine into a directory: `bun dev/certificate.ts DIR`. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createCertificate } from "../shared/testing/certificate.ts";

/** Writes `ca.crt`, `tls.crt` and `tls.key` for localhost, 127.0.0.1 and ::1, good for 30 days. */
export async function writeCertificate(directory: string): Promise<void> {
  const { ca, cert, key } = await createCertificate();
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "ca.crt"), ca);
  writeFileSync(join(directory, "tls.crt"), cert);
  writeFileSync(join(directory, "tls.key"), key, { mode: 0o600 });
}

async function main(argv: readonly string[]): Promise<number> {
  const [directory, ...rest] = argv;
  if (directory === undefined || directory.startsWith("-") || rest.length > 0) {
    console.error("Usage: bun dev/certificate.ts DIR");
    return 2;
  }
  await writeCertificate(directory);
  console.log(`${directory}: wrote ca.crt, tls.crt and tls.key for localhost, good for 30 days`);
  return 0;
}

if (import.meta.main) process.exit(await main(process.argv.slice(2)));
