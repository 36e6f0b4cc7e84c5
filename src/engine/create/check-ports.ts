// Exposed ports and port bindings that a person gave: every key as `80/tcp`, or refused by name.
import { isIP } from 'node:net';
import { type BerthError, invalid } from '../../base/errors.ts';
import { parsePort, parseRange, type PortBinding, portKey } from '../../spec/docker/index.ts';

const bad = (text: string): BerthError => invalid(`invalid port specification: ${JSON.stringify(text)}`);

/** Throws invalid for a key that is no port. */
export function checkExposed(ports: Readonly<Record<string, object>>): Record<string, object> {
  return Object.fromEntries(Object.keys(ports).map((text) => [keyOf(text), {}]));
}

type Bindings = Readonly<Record<string, readonly PortBinding[] | null>> | null;

/** Throws invalid for a key that is no port, and for what no port of the host can be. */
export function checkBindings(bindings: Bindings): Record<string, PortBinding[] | null> | null {
  if (!bindings) return null;
  const checked: Record<string, PortBinding[] | null> = {};
  for (const [text, list] of Object.entries(bindings)) {
    const key = keyOf(text);
    const hosts = list?.map(checkBinding) ?? null;
    const before = checked[key];
    checked[key] = before && hosts ? [...before, ...hosts] : (hosts ?? before ?? null);
  }
  return checked;
}

/** In dockerd's words, which name the number of what it refuses. */
function keyOf(text: string): string {
  const port = parsePort(text);
  if (port) return portKey(port);
  const [number = ''] = text.split('/');
  throw bad(parsePort(number) ? text : number);
}

/** dockerd reads `8080/udp` as 8080; an address that is none it takes for all addresses, which nobody means who writes one. */
function checkBinding({ HostIp, HostPort }: PortBinding): PortBinding {
  const [port = ''] = HostPort.split('/');
  if (port !== '' && !parseRange(port)) throw bad(HostPort);
  if (HostIp !== '' && (isIP(HostIp) === 0 || HostIp.includes('%'))) throw invalid(`invalid IP address: ${HostIp}`);
  return { HostIp, HostPort: port };
}
