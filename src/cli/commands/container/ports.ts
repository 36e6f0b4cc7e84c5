// The PORTS column: published ports with neighbours drawn together.
import type { Port } from '../../../spec/docker/container.ts';

const join = (ip: string, port: string | number): string => `${ip.includes(':') ? `[${ip}]` : ip}:${port}`;

/** `0.0.0.0:80->80/tcp, 9988/tcp`. */
export function displayPorts(given: readonly Port[] | null): string {
  const groups = new Map<string, { first: number; last: number }>();
  const done: string[] = [];
  const mapped: string[] = [];
  for (const port of [...(given ?? [])].sort(compare)) {
    const { PrivatePort: inside, IP: ip = '', Type: type } = port;
    if (ip !== '' && port.PublicPort !== inside) {
      mapped.push(`${join(ip, port.PublicPort ?? 0)}->${inside}/${type}`);
      continue;
    }
    const key = ip === '' ? type : `${ip}/${type}`;
    const group = groups.get(key);
    if (group && inside === group.last + 1) {
      group.last = inside;
      continue;
    }
    if (group) done.push(form(key, group));
    groups.set(key, { first: inside, last: inside });
  }
  return [...done, ...[...groups].map(([key, group]) => form(key, group)), ...mapped].join(', ');
}

function form(key: string, { first, last }: { first: number; last: number }): string {
  const span = first === last ? String(first) : `${first}-${last}`;
  const slash = key.indexOf('/');
  return slash < 0 ? `${span}/${key}` : `${join(key.slice(0, slash), span)}->${span}/${key.slice(slash + 1)}`;
}

function compare(a: Port, b: Port): number {
  if (a.PrivatePort !== b.PrivatePort) return a.PrivatePort - b.PrivatePort;
  if ((a.IP ?? '') !== (b.IP ?? '')) return (a.IP ?? '') < (b.IP ?? '') ? -1 : 1;
  if (a.PublicPort !== b.PublicPort) return (a.PublicPort ?? 0) - (b.PublicPort ?? 0);
  return a.Type < b.Type ? -1 : a.Type > b.Type ? 1 : 0;
}
