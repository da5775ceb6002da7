/** Packages -> an SPDX 2.3 document that says which executable contains them. */

/** A package of npm. */
export interface Package {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  /** Of its archive, as lock files have it: `sha512-` and base64. */
  readonly integrity: string;
}

/** The executable. */
export interface About {
  readonly project: string;
  readonly component: string;
  readonly version: string;
  readonly commit: string;
  readonly created: Date;
}

const UNKNOWN = "NOASSERTION";

export function renderSpdx(about: About, packages: readonly Package[]) {
  const { project, component, version, commit, created } = about;
  const own = {
    SPDXID: "SPDXRef-executable",
    name: `${project}/${component}`,
    versionInfo: version,
    licenseDeclared: "Apache-2.0",
    ...unread,
  };
  const contained = [runtime(), ...packages.map(renderPackage)];
  return {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    name: `${component} ${version}`,
    documentNamespace: `https://spdx.org/spdxdocs/${project}-${component}-${version}-${commit}`,
    creationInfo: {
      created: created.toISOString().replace(/\.\d+Z$/, "Z"),
      creators: [`Tool: ${project}-${version}`],
    },
    packages: [own, ...contained],
    relationships: [
      relationship("SPDXRef-DOCUMENT", "DESCRIBES", own.SPDXID),
      ...contained.map(({ SPDXID }) => relationship(own.SPDXID, "CONTAINS", SPDXID)),
    ],
  };
}

/** What nobody has looked at by hand. */
const unread = { downloadLocation: UNKNOWN, filesAnalyzed: false, licenseConcluded: UNKNOWN };

function renderPackage({ name, version, license, integrity }: Package, index: number) {
  const [algorithm = "", hash = ""] = integrity.split("-", 2);
  const checksumValue = Buffer.from(hash, "base64").toString("hex");
  return {
    SPDXID: `SPDXRef-npm-${index}`,
    name,
    versionInfo: version,
    licenseDeclared: license ?? UNKNOWN,
    ...unread,
    checksums: [{ algorithm: algorithm.toUpperCase(), checksumValue }],
    externalRefs: [purl(`pkg:npm/${name.replace("@", "%40")}@${version}`)],
  };
}

/** Bun is a part of every executable that it compiles. */
function runtime() {
  return {
    SPDXID: "SPDXRef-bun",
    name: "bun",
    versionInfo: Bun.version,
    licenseDeclared: "MIT",
    ...unread,
    externalRefs: [purl(`pkg:npm/bun@${Bun.version}`)],
  };
}

function purl(referenceLocator: string) {
  return { referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator };
}

function relationship(spdxElementId: string, relationshipType: string, relatedSpdxElement: string) {
  return { spdxElementId, relationshipType, relatedSpdxElement };
}
