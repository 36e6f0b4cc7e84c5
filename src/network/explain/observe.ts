// What the kernel shows of both ends: who listens in a namespace, and the host's rules.
import { readFileSync } from 'node:fs';
import { listRuleset } from '../../host/nft.ts';
import { bridgedPacketsAreFiltered, uplinkName } from '../links/links.ts';
import type { HostFacts } from './facts.ts';
import { parseRuleset, type Table } from '../firewall/ruleset.ts';
import { type Listener, listenersIn, withoutResolver } from './sockets.ts';

/** Of the namespace that the process is in; none for a process that is gone. */
export function observeListeners(pid: number): Listener[] {
  const all = ['tcp', 'tcp6', 'udp', 'udp6'].flatMap((file) => {
    try {
      return listenersIn(file, readFileSync(`/proc/${pid}/net/${file}`, 'latin1'));
    } catch {
      return [];
    }
  });
  return withoutResolver(all);
}

/** Tables that are not of this daemon. */
export async function observeRules(isOwn: (table: Table) => boolean): Promise<Table[]> {
  return parseRuleset((await listRuleset()) ?? '').filter((table) => !isOwn(table));
}

export async function observeHost(isOwn: (table: Table) => boolean, respectsFirewall: boolean): Promise<HostFacts> {
  const rules = await observeRules(isOwn);
  return { rules, uplink: uplinkName(), respectsFirewall, bridgedFiltered: bridgedPacketsAreFiltered() };
}
