/**
 * Objects -> what their schemas refuse. Values go by the validators of kubernetes-models (Kubernetes 1.36 and the
 * newest custom resources), fields by the types of kubernetes-models and, for what Kubernetes itself has, by those of
 * kubernetes-types 1.30 too: the oldest version that we name.
 */
import { checkFields } from "./fields.ts";
import { findTypes, type Subject, type Typed } from "./kinds.ts";
import { checkValues } from "./values.ts";

/** Lines of the form `subject: field is value; allowed: …`, none if all is well. */
export async function checkSchemas(subjects: readonly Subject[]): Promise<readonly string[]> {
  const known: Typed[] = [];
  const findings: string[] = [];
  for (const subject of subjects) {
    const types = findTypes(subject.object);
    if (typeof types === "string") findings.push(`${subject.name}: ${types}`);
    else known.push({ ...subject, ...types });
  }
  for (const subject of known) findings.push(...(await checkValues(subject)));
  return [...findings, ...(await checkFields(known))];
}
