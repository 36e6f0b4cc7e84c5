// `[HOST_IP:][PUBLISHED:]TARGET[/PROTOCOL]`, with ranges -> ports in their long form.
import { isIP } from 'node:net';
import { fail } from '../value/error.ts';
import { byBytes, type Dict, dict } from '../value/value.ts';

interface Range {
  readonly first: number;
  readonly last: number;
}

/** One port for each of a range. */
export function parsePorts(spec: string): Dict[] {
  const { ip: rawIp, published, target } = splitParts(spec);
  const [body = '', protocol = ''] = target.split('/');
  const ip = rawIp === '' ? '' : hostOf(rawIp);
  if (body === '') fail(`No port specified: ${spec}<empty>`);
  const targets = rangeOf(body, () => fail(`Invalid containerPort: ${body}`));
  const from = published === '' ? undefined : rangeOf(published, () => fail(`Invalid hostPort: ${published}`));
  const isRandom = from !== undefined && size(from) !== size(targets);
  // A range to choose from is allowed for one port only.
  if (isRandom && size(targets) > 0)
    fail(`Invalid ranges specified for container and host Ports: ${body} and ${published}`);
  const proto = protocol === '' ? 'tcp' : protocol.toLowerCase();
  if (!['tcp', 'udp', 'sctp'].includes(proto)) fail(`Invalid proto: ${protocol}`);
  const ports = Array.from({ length: size(targets) + 1 }, (_, index) => {
    const host = from === undefined ? '' : isRandom ? `${from.first}-${from.last}` : String(from.first + index);
    return { key: `${targets.first + index}/${proto}`, port: port(ip, proto, targets.first + index, host) };
  });
  return ports.sort((a, b) => byBytes(a.key, b.key)).map((item) => item.port);
}

function port(ip: string, protocol: string, target: number, published: string): Dict {
  return dict({
    mode: 'ingress',
    ...(ip === '' ? {} : { host_ip: ip }),
    ...(target === 0 ? {} : { target }),
    ...(published === '' ? {} : { published }),
    protocol,
  });
}

const size = (range: Range): number => range.last - range.first;

function splitParts(spec: string): { ip: string; published: string; target: string } {
  const parts = spec.split(':');
  const target = parts.at(-1) ?? '';
  if (parts.length === 1) return { ip: '', published: '', target };
  const published = parts.at(-2) ?? '';
  return { ip: parts.slice(0, -2).join(':'), published, target };
}

function hostOf(text: string): string {
  const isBracketed = text.startsWith('[');
  if (isBracketed && !text.endsWith(']')) fail(`Invalid ip address ${text}: address ${text}:: missing ']' in address`);
  if (!isBracketed && text.includes(':'))
    fail(`Invalid ip address ${text}: address ${text}:: too many colons in address`);
  const ip = isBracketed ? text.slice(1, -1) : text;
  if (isIP(ip) === 0) fail(`Invalid ip address: ${ip}`);
  return ip;
}

function rangeOf(text: string, refuse: () => never): Range {
  const [low = '', high] = text.split('-', 2);
  const first = portOf(low, refuse);
  const last = high === undefined ? first : portOf(high, refuse);
  if (last < first) refuse();
  return { first, last };
}

function portOf(text: string, refuse: () => never): number {
  if (!/^\d+$/.test(text)) refuse();
  const number = Number(text);
  if (number > 65_535) refuse();
  return number;
}
