// Which package sources a Debian suite is made from: the host's own, bent to another suite when it must be. Pure.

/** One line of `apt-get indextargets`. */
export interface HostSource {
  readonly uri: string;
  readonly release: string;
  readonly component: string;
  /** `Debian`, `Debian-Security` … */
  readonly label: string;
}

export interface Source {
  readonly uri: string;
  readonly release: string;
  readonly components: readonly string[];
}

const VERSIONS: Readonly<Record<string, string>> = {
  '10': 'buster',
  '11': 'bullseye',
  '12': 'bookworm',
  '13': 'trixie',
  latest: 'stable',
};
/** These have no separate updates. */
const ROLLING = new Set(['sid', 'unstable', 'experimental', 'testing']);

/** `12`, `12.4`, `latest` to a suite; undefined for what is none. */
export function suiteOf(tag: string): string | undefined {
  const suite = VERSIONS[/^\d+(?=\.)/.exec(tag)?.[0] ?? tag] ?? tag;
  return /^[a-z][a-z-]{1,30}$/.test(suite) ? suite : undefined;
}

export function parseIndexTargets(text: string): HostSource[] {
  return text
    .split('\n')
    .map((line) => line.split('|'))
    .filter((fields) => fields.length === 5 && fields[4] === 'Debian')
    .map(([uri = '', release = '', component = '', label = '']) => ({ uri, release, component, label }));
}

/** Empty when the host has no source of Debian's: then mmdebstrap's own default counts. */
export function sourcesFor(suite: string, host: readonly HostSource[]): Source[] {
  const wanted = ROLLING.has(suite) ? [suite] : [suite, `${suite}-updates`, `${suite}-security`];
  const own = merge(host.filter((source) => wanted.includes(source.release)));
  if (own.some((source) => source.release === suite)) return own;
  const main =
    host.find((source) => source.label === 'Debian' && !/-/.test(source.release)) ??
    host.find((source) => source.label === 'Debian');
  if (!main) return [];
  const security = host.find((source) => source.label === 'Debian-Security');
  return wanted.flatMap((release) => {
    const from = release.endsWith('-security') ? security : main;
    return from ? [{ uri: from.uri, release, components: ['main'] }] : [];
  });
}

function merge(sources: readonly HostSource[]): Source[] {
  const merged = new Map<string, { uri: string; release: string; components: string[] }>();
  for (const { uri, release, component } of sources) {
    const entry = merged.get(`${uri} ${release}`) ?? { uri, release, components: [] };
    if (!entry.components.includes(component)) entry.components.push(component);
    merged.set(`${uri} ${release}`, entry);
  }
  return [...merged.values()];
}

export function sourceLine({ uri, release, components }: Source): string {
  return `deb ${uri} ${release} ${components.join(' ')}`;
}
