/** No Secret comes with a value, and no field with a name like password holds one; placeholders say that they are. */
import type { KubernetesObject, Rendered } from "../render.ts";
import type { Finding } from "./finding.ts";

const PLACEHOLDER = "REPLACE-ME";

const NAME =
  /(?:password|passwd|passphrase|^secret|client[-_.]?secret|token|api[-_.]?key|access[-_.]?key|private[-_.]?key|credentials?)$/i;

/** A value that another value is read from: `$(NAME)`, `${NAME}`, `{{ .name }}`. */
const TEMPLATE = /^\s*(?:\$\(.*\)|\$\{.*\}|\{\{.*\}\})\s*$/s;

/** What `kubectl apply` of a whole folder would overwrite: a user's own Secret. */
export function checkNoSecret(rendered: Rendered): readonly Finding[] {
  return rendered.ofKind("Secret").map((object) => {
    const allowed = "none here; an example beside it, an ExternalSecret or a Certificate";
    return { object, field: "kind", value: "Secret", allowed };
  });
}

/** Secrets of examples hold placeholders only. */
export function checkSecretValues(rendered: Rendered): readonly Finding[] {
  return rendered.ofKind("Secret").flatMap((object) => {
    const { data = {}, stringData = {} } = object as {
      data?: Record<string, string>;
      stringData?: Record<string, string>;
    };
    const decoded = Object.entries(data).map(
      ([key, value]) => [key, Buffer.from(value, "base64").toString()] as const,
    );
    return [...decoded, ...Object.entries(stringData)]
      .filter(([, value]) => value !== "" && !value.includes(PLACEHOLDER))
      .map(([key]) => ({
        object,
        field: `data.${key}`,
        value: "a value",
        allowed: `${PLACEHOLDER}…`,
      }));
  });
}

/** Fields, variables and flags of any object. The value is never repeated: a log is no place for it either. */
export function checkCredentials(rendered: Rendered): readonly Finding[] {
  return rendered.objects.flatMap((object: KubernetesObject) =>
    findCredentials(object).map((field) => ({
      object,
      field,
      value: "a value",
      allowed: `${PLACEHOLDER}…, or a reference to a Secret`,
    })),
  );
}

/** Paths of values that look like credentials by the name of their field, in any tree. */
export function findCredentials(tree: unknown, path = ""): readonly string[] {
  if (typeof tree === "string") return isFlag(tree) ? [path] : [];
  if (typeof tree !== "object" || tree === null) return [];
  const { name, value } = tree as { name?: unknown; value?: unknown };
  const isVariable = typeof name === "string" && isCredential(name, value);
  const fields = Object.entries(tree).flatMap(([key, child]) => {
    const at = Array.isArray(tree) ? `${path}[${key}]` : `${path}${path === "" ? "" : "."}${key}`;
    return isCredential(key, child) ? [at] : findCredentials(child, at);
  });
  return isVariable ? [`${path}.value`, ...fields] : fields;
}

function isFlag(text: string): boolean {
  const [, name = "", value] = /^--?([\w.-]+)=(.+)$/s.exec(text) ?? [];
  return isCredential(name, value);
}

function isCredential(name: string, value: unknown): boolean {
  if (typeof value !== "string" || value === "" || !NAME.test(name)) return false;
  return !value.includes(PLACEHOLDER) && !TEMPLATE.test(value);
}
