// The hosts file of containers that run, when networks and links change under them.
import { writeFileSync } from 'node:fs';
import { messageOf } from '../../base/errors.ts';
import { readBounded } from '../../host/read-bounded.ts';
import type { Container } from './container.ts';
import type { EngineContext } from './context.ts';
import { changedHosts, MAX_HOSTS_BYTES, movedHost } from './files.ts';
import { hasProcess } from '../lifecycle/index.ts';

/** Does something to the networks of a container; afterwards its hosts file has the addresses that it has now. */
export async function followHosts<T>(context: EngineContext, container: Container, work: () => Promise<T>): Promise<T> {
  const before = context.networks.files(container.id).hosts;
  const result = await work();
  const after = context.networks.files(container.id).hosts;
  const known = new Set(before.map(({ ip }) => ip));
  const left = new Set(after.map(({ ip }) => ip));
  change(context, container, (text) =>
    changedHosts(
      text,
      before.filter(({ ip }) => !left.has(ip)),
      after.filter(({ ip }) => !known.has(ip)),
    ),
  );
  return result;
}

/** Tells those who link to a container where it is now. */
export function moveLinks(context: EngineContext, { id, record }: Container): void {
  const ip = record.endpoints['bridge']?.IPAddress;
  if (!ip) return;
  for (const owner of context.registry.all())
    for (const { id: target, alias } of owner.record.links ?? [])
      if (target === id) change(context, owner, (text) => movedHost(text, [alias, record.config.Hostname], ip));
}

/** Takes the line of a link away. */
export function forgetLink(context: EngineContext, owner: Container, link: { id: string; alias: string }): void {
  const hostname = context.registry.find(link.id)?.record.config.Hostname;
  change(context, owner, (text) => movedHost(text, [link.alias, hostname ?? link.id.slice(0, 12)], undefined));
}

/** In place: the file is mounted into the container. */
function change(context: EngineContext, container: Container, edit: (text: string) => string): void {
  if (!hasProcess(container.state.phase)) return;
  const { hosts } = context.paths.of(container.id);
  try {
    const text = readBounded(hosts, MAX_HOSTS_BYTES);
    const changed = edit(text);
    if (changed !== text) writeFileSync(hosts, changed);
  } catch (error) {
    context.log.warn(`the hosts file of container ${container.id} is as it was: ${messageOf(error)}`);
  }
}
