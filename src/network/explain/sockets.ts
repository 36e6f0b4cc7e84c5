// Who listens in a network namespace: the text of /proc/PID/net/{tcp,udp,…} read. Pure.

export interface Listener {
  readonly protocol: 'tcp' | 'udp';
  /** `0.0.0.0` and `::` for any. */
  readonly address: string;
  readonly port: number;
}

/** Where the daemon listens inside, for names: nobody of the container's. */
const RESOLVER = '127.0.0.11';

/** What the container's own programs listen on. */
export function withoutResolver(listeners: readonly Listener[]): Listener[] {
  return listeners.filter(({ address }) => address !== RESOLVER);
}

const LISTEN = '0A';
/** A UDP socket that is not connected to anybody. */
const UNCONNECTED = '07';

/** `file` is `tcp`, `tcp6`, `udp` or `udp6`. Lines that cannot be read are left out. */
export function listenersIn(file: string, text: string): Listener[] {
  const protocol = file.startsWith('tcp') ? 'tcp' : 'udp';
  const wanted = protocol === 'tcp' ? LISTEN : UNCONNECTED;
  return text
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, local = '', remote = '', state] = line.trim().split(/\s+/);
      const [address = '', port = ''] = local.split(':');
      if (state !== wanted || !/^[0-9A-F]{4}$/.test(port) || !remote.endsWith(':0000')) return [];
      const readable = addressOf(address);
      return readable === undefined ? [] : [{ protocol, address: readable, port: Number.parseInt(port, 16) }];
    });
}

/** The kernel prints words of four bytes in the machine's order, which is little-endian wherever Berth runs. */
function addressOf(hex: string): string | undefined {
  if (!/^(?:[0-9A-F]{8}|[0-9A-F]{32})$/.test(hex)) return undefined;
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) =>
    (word.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16)).toReversed(),
  );
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.every((byte) => byte === 0)) return '::';
  if (bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255)
    return bytes.slice(12).join('.');
  const groups = Array.from({ length: 8 }, (_, at) =>
    ((bytes[at * 2] ?? 0) * 256 + (bytes[at * 2 + 1] ?? 0)).toString(16),
  );
  return compress(groups);
}

/** The longest run of zeros as `::`. */
function compress(groups: readonly string[]): string {
  const text = groups.join(':');
  const runs = text.match(/(?:^|:)0(?::0)+(?=:|$)/g) ?? [];
  const longest = runs.toSorted((a, b) => b.length - a.length)[0];
  return longest === undefined
    ? text
    : text
        .replace(longest, ':')
        .replace(/^:(?!:)/, '::')
        .replace(/(?<!:):$/, '::');
}

export const isLoopback = (address: string): boolean => address.startsWith('127.') || address === '::1';
export const isAny = (address: string): boolean => address === '0.0.0.0' || address === '::';
