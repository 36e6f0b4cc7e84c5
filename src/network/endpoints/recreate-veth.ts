// A pair that somebody took away is made again, with the addresses, MAC and name that the container had.
import { statSync } from 'node:fs';
import type { Live } from './container.ts';
import * as links from '../links/links.ts';
import { type HostNames, vethName } from '../model/names.ts';
import { mtuOf } from './endpoint.ts';
import { attachEndpoint, setWayOut } from './attach-link.ts';

/** What makes the pair of this host's end again; undefined where its container is gone, with which it went. */
export function replugging(
  hostLink: string,
  lives: Iterable<Live>,
  { names, uplinkMtu }: { readonly names: HostNames; readonly uplinkMtu: number },
): (() => void) | undefined {
  for (const live of lives) {
    const endpoint = live.endpoints.find(({ id }) => vethName(names, id) === hostLink);
    if (!endpoint || live.namespace === undefined) continue;
    const { namespace } = live;
    if (!isThere(namespace)) return undefined;
    return () => {
      attachEndpoint(namespace, endpoint, { hostLink, mtu: mtuOf(endpoint.network, uplinkMtu) });
      setWayOut(live);
    };
  }
  return undefined;
}

/** Not the host's own either: the number of a process that is gone may be another's already. */
function isThere(namespace: string): boolean {
  try {
    if (statSync(namespace).ino === statSync('/proc/self/ns/net').ino) return false;
    links.interfacesInside(namespace);
    return true;
  } catch {
    return false;
  }
}
