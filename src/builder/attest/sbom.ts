// The list of an image's packages as an SPDX 2.3 document: the same packages and time give the same text. Pure.
import { createHash } from 'node:crypto';
import { type Package, purlOf } from './packages.ts';

export interface SbomInput {
  /** What it is the list of: the image's name, or its digest. */
  readonly name: string;
  /** RFC 3339, seconds. */
  readonly created: string;
  readonly tool: string;
  readonly packages: readonly Package[];
}

export const SPDX_TYPE = 'https://spdx.dev/Document';

export function sbomOf({ name, created, tool, packages }: SbomInput): Readonly<Record<string, unknown>> {
  const unique = new Map(packages.map((one) => [`${purlOf(one)} ${one.foundIn}`, one]));
  const sorted = [...unique].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, one]) => ({ id: idOf(key, one), one }));
  const content = createHash('sha256')
    .update(JSON.stringify(sorted.map(({ id }) => id)))
    .digest('hex');
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name,
    documentNamespace: `urn:berth:sbom:${content}`,
    creationInfo: { created, creators: [`Tool: ${tool}`] },
    packages: [
      {
        SPDXID: ROOT,
        name,
        downloadLocation: 'NOASSERTION',
        filesAnalyzed: false,
        primaryPackagePurpose: 'CONTAINER',
      },
      ...sorted.map(({ id, one }) => entry(id, one)),
    ],
    relationships: [
      { spdxElementId: 'SPDXRef-DOCUMENT', relatedSpdxElement: ROOT, relationshipType: 'DESCRIBES' },
      ...sorted.map(({ id }) => ({ spdxElementId: ROOT, relatedSpdxElement: id, relationshipType: 'CONTAINS' })),
    ],
  };
}

const ROOT = 'SPDXRef-DocumentRoot-Image';

/** SPDX allows letters, digits, dots and dashes; what makes it unique is the hash of all that tells one from another. */
function idOf(key: string, { kind, name }: Package): string {
  const hash = createHash('sha256').update(key).digest('hex').slice(0, 16);
  return `SPDXRef-Package-${kind}-${name.replaceAll(/[^A-Za-z0-9.-]/g, '-')}-${hash}`;
}

function entry(id: string, one: Package): Readonly<Record<string, unknown>> {
  return {
    SPDXID: id,
    name: one.name,
    versionInfo: one.version,
    supplier: supplierOf(one.supplier),
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    sourceInfo: `acquired from ${one.kind === 'deb' ? "dpkg's database" : 'an installed package.json'}: ${one.foundIn}`,
    licenseConcluded: 'NOASSERTION',
    licenseDeclared: one.license !== undefined && /^[\w.+()\- ]+$/.test(one.license) ? one.license : 'NOASSERTION',
    copyrightText: 'NOASSERTION',
    externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purlOf(one) }],
  };
}

/** `Name <address>` becomes `Name (address)`, as SPDX writes it. */
function supplierOf(text: string | undefined): string {
  if (text === undefined) return 'NOASSERTION';
  const open = text.indexOf('<');
  const close = open < 0 ? -1 : text.indexOf('>', open);
  if (close < 0) return `Person: ${text}`;
  return `Person: ${text.slice(0, open).trimEnd()} (${text.slice(open + 1, close)})${text.slice(close + 1)}`;
}
