// The texts of the files that every container gets: /etc/hosts, /etc/hostname, /etc/resolv.conf. Pure.

/** The hosts file of a container is its own to write; one above this is left as it is. */
export const MAX_HOSTS_BYTES = 1024 * 1024;

const LOCAL_HOSTS = [
  '127.0.0.1\tlocalhost',
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::\tip6-localnet',
  'ff00::\tip6-mcastprefix',
  'ff02::1\tip6-allnodes',
  'ff02::2\tip6-allrouters',
];

/** A line of a hosts file. */
export interface HostLine {
  readonly ip: string;
  readonly names: readonly string[];
}

/** The file without the lines of some, and with those of others at its end; what else a container wrote there stays. */
export function changedHosts(text: string, gone: readonly HostLine[], come: readonly HostLine[]): string {
  const out = new Set(gone.map(hostLine));
  const kept = text.split('\n').filter((line) => line !== '' && !out.has(line));
  return [...kept, ...come.map(hostLine), ''].join('\n');
}

/** Another address on the lines that begin with these names; without one the lines go. */
export function movedHost(text: string, names: readonly string[], ip: string | undefined): string {
  return text
    .split('\n')
    .flatMap((line) => {
      if (!line.includes(names[0] ?? '')) return [line];
      const [, ...words] = line.split(/\s+/);
      if (!names.every((name, index) => words[index] === name)) return [line];
      return ip === undefined ? [] : [hostLine({ ip, names: words })];
    })
    .join('\n');
}

function hostLine({ ip, names }: HostLine): string {
  return `${ip}\t${names.join(' ')}`;
}

/** `extra` are `name:ip` or `name=ip` pairs of --add-host. Where the container has IPv6 switched off, no name has an address of it. */
export function hostsText(extra: readonly string[], own: readonly HostLine[], ipv6 = true): string {
  const local = ipv6 ? LOCAL_HOSTS : LOCAL_HOSTS.slice(0, 1);
  const named = own.filter(({ ip }) => ipv6 || !ip.includes(':'));
  const lines = [...local, ...extra.map(extraHostLine), ...named.map(hostLine)];
  return `${lines.join('\n')}\n`;
}

/** Of a build step: a step has no name on its network, and its file says nothing of an address that the next build has not. */
export function stepHostsText(extra: readonly string[]): string {
  return `${[...LOCAL_HOSTS.slice(0, 2), ...extra.map(extraHostLine)].join('\n')}\n`;
}

/** The host's own file with the extra entries, for host networking. */
export function hostHostsText(hostFile: string, extra: readonly string[]): string {
  const base = hostFile.endsWith('\n') || hostFile === '' ? hostFile : `${hostFile}\n`;
  return base + extra.map((line) => `${extraHostLine(line)}\n`).join('');
}

function extraHostLine(pair: string): string {
  const at = pair.search(/[:=]/);
  return `${pair.slice(at + 1).replace(/^\[(.*)\]$/, '$1')}\t${pair.slice(0, at)}`;
}

export interface ResolverOptions {
  readonly servers: readonly string[];
  readonly search: readonly string[];
  readonly options: readonly string[];
}

/** The host's resolv.conf with the user's wishes in place of what they name. */
export function resolvText(hostFile: string, request: ResolverOptions, dropLoopback: boolean): string {
  const host = parseResolv(hostFile);
  const servers =
    request.servers.length > 0
      ? request.servers
      : host.servers.filter((server) => !dropLoopback || !/^(127\.|::1$)/.test(server));
  const search =
    request.search.length > 0 ? request.search.filter((domain) => domain !== '.' && domain !== '') : host.search;
  const options = request.options.length > 0 ? request.options.filter((option) => option !== '') : host.options;
  const lines = [
    ...servers.map((server) => `nameserver ${server}`),
    ...(search.length > 0 ? [`search ${search.join(' ')}`] : []),
    ...(options.length > 0 ? [`options ${options.join(' ')}`] : []),
  ];
  return `${lines.join('\n')}\n`;
}

/** For a container whose names the daemon answers: names with no dot are asked as they are. */
export function ownResolvText(hostFile: string, request: ResolverOptions): string {
  const asked = request.options.length > 0 ? request.options : parseResolv(hostFile).options;
  const options = asked.some((option) => option.startsWith('ndots:')) ? asked : [...asked, 'ndots:0'];
  return resolvText(hostFile, { servers: ['127.0.0.11'], search: request.search, options }, false);
}

function parseResolv(text: string): { servers: string[]; search: string[]; options: string[] } {
  const found = { servers: [] as string[], search: [] as string[], options: [] as string[] };
  for (const line of text.split('\n')) {
    const words = line.split(/[#;]/, 1).join('').trim().split(/\s+/);
    if (words[0] === 'nameserver' && words[1] !== undefined) found.servers.push(words[1]);
    if (words[0] === 'search' || words[0] === 'domain') found.search = words.slice(1);
    if (words[0] === 'options') found.options.push(...words.slice(1));
  }
  return found;
}
