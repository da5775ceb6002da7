import { expect, test } from "bun:test";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { createCertificate } from "./certificate.ts";

test("createCertificate() makes a pair for this machine that its authority has signed", async () => {
  const { ca, cert, key } = await createCertificate();
  const [authority, serving] = [new X509Certificate(ca), new X509Certificate(cert)];
  expect(authority.ca).toBe(true);
  expect(serving.ca).toBe(false);
  expect(serving.verify(authority.publicKey)).toBe(true);
  expect(serving.checkPrivateKey(createPrivateKey(key))).toBe(true);
  expect(serving.checkHost("localhost")).toBe("localhost");
  for (const address of ["127.0.0.1", "::1"]) expect(serving.checkIP(address)).toBe(address);
});
