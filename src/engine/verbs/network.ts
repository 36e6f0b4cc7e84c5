// Puts a container on a network and takes it off, whether it runs or not.
import { conflict, forbidden, internal, invalid, notFound } from '../../base/errors.ts';
import type { EndpointSettings } from '../../spec/docker/index.ts';
import type { Container } from '../container/container.ts';
import { type EngineContext, save } from '../container/context.ts';
import { checkEndpoint } from '../create/index.ts';
import { followHosts, moveLinks } from '../container/hosts.ts';
import { hasProcess } from '../lifecycle/index.ts';

export async function connectNetwork(
  context: EngineContext,
  reference: string,
  called: string,
  settings: EndpointSettings,
): Promise<void> {
  const container = found(context, called);
  await context.locks.run(container.id, async () => {
    const { record } = container;
    refuseRemoved(container);
    checkEndpoint(reference, settings, context.facts);
    const network = context.networks.find(reference);
    const running = hasProcess(record.state.phase);
    if (running || network) checkModes(context, container, reference);
    const name = network?.name ?? reference;
    if (settings.MacAddress !== '') record.macs = { ...record.macs, [name]: settings.MacAddress };
    if (running) {
      const given = await followHosts(context, container, () =>
        context.networks.connect(container.id, reference, settings),
      );
      record.endpoints = { ...record.endpoints, ...given.endpoints };
      record.ports = given.ports;
      moveLinks(context, container);
    } else record.endpoints = { ...record.endpoints, [name]: settings };
    save(context, container);
  });
}

/** Modes that go with no other network. Throws invalid in dockerd's words. */
function checkModes(context: EngineContext, { record }: Container, reference: string): void {
  const network = context.networks.get(reference);
  const mode = record.hostConfig.NetworkMode;
  if (mode.startsWith('container:')) throw invalid(SHARED);
  if (network.configOnly) throw forbidden('cannot create endpoint on configuration-only network');
  if (network.driver === 'host' && mode !== 'host')
    throw invalid('cannot connect container to host network - container must be created in host network mode');
  if (Object.hasOwn(record.endpoints, network.name)) return;
  const drivers = Object.keys(record.endpoints).map((name) => context.networks.find(name)?.driver);
  if (drivers.includes('host')) throw invalid(SHARED);
  if (drivers.length > 0 && (network.driver === 'null' || drivers.includes('null')))
    throw invalid('container cannot be connected to multiple networks with one of the networks in private (none) mode');
}

const SHARED =
  'container sharing network namespace with another container or host cannot be connected to any other network';

/** With `force` the network need not be there any more. */
export async function disconnectNetwork(
  context: EngineContext,
  reference: string,
  called: string,
  force: boolean,
): Promise<void> {
  const network = context.networks.find(reference);
  if (!network && !force) throw notFound(`network ${reference} not found`);
  const container = found(context, called);
  await context.locks.run(container.id, async () => {
    const { record } = container;
    refuseRemoved(container);
    const name = network?.name ?? reference;
    if (network?.driver === 'host' && record.hostConfig.NetworkMode === 'host')
      throw invalid('cannot disconnect container from host network - container was created in host network mode');
    if (!Object.hasOwn(record.endpoints, name))
      throw internal(`container ${container.id} is not connected to the network ${name}`);
    if (network && hasProcess(record.state.phase) && context.networks.isOn(container.id, network.id))
      record.ports = await followHosts(context, container, () => context.networks.disconnect(container.id, network.id));
    const { [name]: _, ...endpoints } = record.endpoints;
    record.endpoints = endpoints;
    save(context, container);
  });
}

function found(context: EngineContext, reference: string): Container {
  if (reference === '') throw invalid('invalid name or ID supplied: ""');
  return context.registry.get(reference);
}

function refuseRemoved({ record }: Container): void {
  if (record.state.phase === 'removing' || record.state.phase === 'dead')
    throw conflict(`container is marked for removal and cannot be connected or disconnected to the network`);
}
