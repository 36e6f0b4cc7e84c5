// Ports of containers as every door writes them: `80/tcp`, `53/UDP`, `80`. One reading for bodies, images, records and builds. Pure.

const PROTOCOLS = ['tcp', 'udp', 'sctp'] as const;
const MAX_PORT = 65_535;

export type Protocol = (typeof PROTOCOLS)[number];

export interface ContainerPort {
  readonly port: number;
  readonly protocol: Protocol;
}

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** `80`, `80-82`; undefined for what is none, is too high or runs backwards. */
export function parseRange(text: string): PortRange | undefined {
  const match = /^(\d+)(?:-(\d+))?$/.exec(text);
  if (!match) return undefined;
  const [first, last] = [Number(match[1]), Number(match[2] ?? match[1])];
  return first <= last && last <= MAX_PORT ? { first, last } : undefined;
}

/** In any case; none named is tcp. undefined for one that ports do not have. */
export function parseProtocol(text: string): Protocol | undefined {
  const lower = text === '' ? 'tcp' : text.toLowerCase();
  return PROTOCOLS.find((one) => one === lower);
}

/** `80-82/udp` as the keys that it stands for; undefined for what is no port. */
export function portKeys(text: string): string[] | undefined {
  const [range = '', protocol = '', rest] = text.split('/');
  const [span, known] = [parseRange(range), parseProtocol(protocol)];
  if (!span || !known || rest !== undefined) return undefined;
  return Array.from({ length: span.last - span.first + 1 }, (_, at) => `${span.first + at}/${known}`);
}

/** One port; undefined for anything else, a range too. */
export function parsePort(text: string): ContainerPort | undefined {
  const [number = '', protocol = '', rest] = text.split('/');
  const known = parseProtocol(protocol);
  if (!/^\d+$/.test(number) || Number(number) > MAX_PORT || !known || rest !== undefined) return undefined;
  return { port: Number(number), protocol: known };
}

export function portKey({ port, protocol }: ContainerPort): string {
  return `${port}/${protocol}`;
}

/** What others wrote, such as the author of an image: what is no port is left out. */
export function knownPorts(ports: Readonly<Record<string, object>> | null | undefined): Record<string, object> {
  const keys = Object.keys(ports ?? {}).flatMap((text) => portKeys(text) ?? []);
  return Object.fromEntries(keys.map((key) => [key, {}]));
}

/** The same of a map by port. Of a range nobody could say which of its ports is meant. */
export function byKnownPort<T>(ports: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(
    Object.entries(ports).flatMap(([text, value]) => {
      const port = parsePort(text);
      return port ? [[portKey(port), value]] : [];
    }),
  );
}
