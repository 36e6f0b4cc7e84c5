// Hands what one container is reached by over to another that runs beside it: published ports and aliases, at once.
import { conflict } from '../../base/errors.ts';
import type { Container } from '../container/container.ts';
import { type EngineContext, emit, save } from '../container/context.ts';
import { hasProcess } from '../lifecycle/index.ts';

export async function transfer(context: EngineContext, reference: string, target: string): Promise<void> {
  const from = context.registry.get(reference);
  const to = context.registry.get(target);
  if (from.id === to.id) throw conflict('a container cannot take over from itself');
  // Always in one order, so that two transfers never wait for each other.
  const [first, second] = from.id < to.id ? [from.id, to.id] : [to.id, from.id];
  await context.locks.run(first, () => context.locks.run(second, () => handOver(context, from, to)));
}

async function handOver(context: EngineContext, from: Container, to: Container): Promise<void> {
  for (const { record } of [from, to]) {
    if (!hasProcess(record.state.phase)) throw conflict(`container ${record.name} is not running`);
    const { NetworkMode: mode } = record.hostConfig;
    if (mode.startsWith('container:') || mode === 'host')
      throw conflict(`container ${record.name} has no network namespace of its own`);
  }
  if (Object.values(to.record.ports ?? {}).some((bindings) => (bindings ?? []).length > 0))
    throw conflict(`container ${to.record.name} has published ports already`);
  const aliases = Object.fromEntries(
    Object.entries(from.record.endpoints)
      .filter(([network]) => Object.hasOwn(to.record.endpoints, network))
      .map(([network, endpoint]) => {
        const moved = (endpoint.Aliases ?? []).filter((alias) => alias !== from.record.name);
        const kept = (endpoint.Aliases ?? []).filter((alias) => alias === from.record.name);
        return [
          network,
          { from: kept, to: [...new Set([...(to.record.endpoints[network]?.Aliases ?? []), ...moved])] },
        ];
      }),
  );
  const { ports, names } = await context.networks.transfer(from.id, to.id, aliases);
  to.record.hostConfig = { ...to.record.hostConfig, PortBindings: from.record.hostConfig.PortBindings };
  to.record.ports = ports;
  from.record.hostConfig = { ...from.record.hostConfig, PortBindings: {} };
  from.record.ports = Object.fromEntries(Object.keys(from.record.ports ?? {}).map((port) => [port, null]));
  for (const [network, { from: left, to: got }] of Object.entries(aliases)) {
    const [a, b] = [from.record.endpoints[network], to.record.endpoints[network]];
    if (a) Object.assign(a, { Aliases: left, DNSNames: names[network]?.from ?? null });
    if (b) Object.assign(b, { Aliases: got, DNSNames: names[network]?.to ?? null });
  }
  save(context, to);
  save(context, from);
  emit(context, to, 'transfer', { from: from.id });
}
