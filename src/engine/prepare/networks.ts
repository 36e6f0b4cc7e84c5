// A container's networks over its life: reserved before its files are written, given back when its process is gone.
import type { Undo } from '../../base/disposal.ts';
import type { Container } from '../container/container.ts';
import type { EngineContext } from '../container/context.ts';
import type { SandboxRequest } from '../container/ports.ts';

/** What a container says of its own, or else what the daemon says. */
export function said(own: readonly string[] | null | undefined, daemons: readonly string[]): readonly string[] {
  return own && own.length > 0 ? own : daemons;
}

function networkRequest({ dns }: EngineContext, { record }: Container): SandboxRequest {
  const { config, hostConfig } = record;
  return {
    id: record.id,
    name: record.name,
    hostname: config.Hostname,
    domainname: config.Domainname,
    mode: hostConfig.NetworkMode,
    endpoints: record.endpoints,
    macs: record.macs ?? {},
    exposed: Object.keys(config.ExposedPorts ?? {}),
    bindings: hostConfig.PortBindings ?? {},
    publishAll: hostConfig.PublishAllPorts,
    dns: said(hostConfig.Dns, dns.servers),
    dnsOptions: said(hostConfig.DnsOptions, dns.options),
  };
}

/** Throws in Docker's words when an address or a port cannot be had. */
export async function reserveNetworks(context: EngineContext, container: Container, undo: Undo): Promise<void> {
  const { record } = container;
  await context.networks.prepare(networkRequest(context, container));
  const given = context.networks.reserve(networkRequest(context, container));
  undo.add('networks', () => releaseNetworks(context, container));
  record.endpoints = given.endpoints;
  // written with the phase `running`; of a start that is taken back nothing is left to give back
  record.ports = given.ports;
}

export async function releaseNetworks(context: EngineContext, container: Container): Promise<void> {
  const { record } = container;
  delete record.ports;
  await context.networks.release(record.id, record.endpoints);
}

export function restoreNetworks(context: EngineContext, container: Container): void {
  const pid = container.state.process?.pid;
  if (pid !== undefined)
    context.networks.restore(networkRequest(context, container), container.record.ports ?? {}, pid);
}
