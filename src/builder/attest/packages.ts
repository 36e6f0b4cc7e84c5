// Which packages an image holds, read from the files in which package managers keep account. Pure.

export interface Package {
  readonly kind: 'deb' | 'npm';
  readonly name: string;
  readonly version: string;
  /** Of a Debian package: `amd64`. */
  readonly architecture?: string;
  /** Of a Debian package whose source has another name. */
  readonly source?: string;
  readonly supplier?: string;
  /** An SPDX expression, where the package says one. */
  readonly license?: string;
  /** The file that says so. */
  readonly foundIn: string;
}

/** `/var/lib/dpkg/status`, or one file of `status.d`: stanzas of `Key: value` lines. Only what is installed counts. */
export function dpkgPackages(text: string, foundIn: string): Package[] {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    const fields = new Map(
      [...stanza.matchAll(/^([\w-]+):(.*)$/gm)].map(([, key = '', value = '']) => [key.toLowerCase(), value.trim()]),
    );
    const [name, version, status] = [fields.get('package'), fields.get('version'), fields.get('status')];
    if (name === undefined || version === undefined) return [];
    // the files of status.d have no such line: who wrote them installed them
    if (status !== undefined && !/\binstalled$/.test(status)) return [];
    const source = fields.get('source')?.replace(/ .*/, '');
    return [
      {
        kind: 'deb' as const,
        name,
        version,
        foundIn,
        ...pick('architecture', fields.get('architecture')),
        ...pick('source', source),
        ...pick('supplier', fields.get('maintainer')),
      },
    ];
  });
}

/** The `package.json` of an installed npm package; none for what is not one. */
export function npmPackage(text: string, foundIn: string): Package | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { name, version, license } = value as Record<string, unknown>;
  if (typeof name !== 'string' || typeof version !== 'string' || name === '' || version === '') return undefined;
  return { kind: 'npm', name, version, foundIn, ...pick('license', typeof license === 'string' ? license : undefined) };
}

function pick<K extends string>(key: K, value: string | undefined): { [P in K]?: string } {
  return value === undefined || value === '' ? {} : ({ [key]: value } as { [P in K]?: string });
}

/** A package URL (github.com/package-url/purl-spec). */
export function purlOf({ kind, name, version, architecture, source }: Package): string {
  if (kind === 'deb') {
    const rest = new URLSearchParams({
      ...(architecture === undefined ? {} : { arch: architecture }),
      ...(source === undefined ? {} : { upstream: source }),
    }).toString();
    return `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}${rest === '' ? '' : `?${rest}`}`;
  }
  const scoped = name.split('/').map(encodeURIComponent).join('/');
  return `pkg:npm/${scoped}@${encodeURIComponent(version)}`;
}
