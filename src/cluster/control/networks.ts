// Verbs on networks of the cluster: create, remove, and what there is of them for lists.
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { conflict, forbidden, invalid, notFound, notImplemented } from '../../base/errors.ts';
import { addressText, blockText, contains, type Family, masked, parseAddress, parseBlock } from '../../base/address.ts';
import type { IpamConfig, NetworkCreateBody } from '../../spec/docker/index.ts';
import type { Cluster } from '../member/cluster.ts';
import { newId } from '../model/ids.ts';
import type { ClusterNetwork } from '../model/network.ts';
import { isTerminal, keys, stateOrder, type Task } from '../model/objects.ts';
import { type WantedSubnet, writeNetwork } from '../manager/create-network.ts';
import { localBlock } from '../network/pool.ts';
import type { OverlayState } from '../../spec/berth/index.ts';
import { headOf } from '../network/states.ts';

/** Names that have a meaning of their own. */
const PREDEFINED = ['bridge', 'host', 'none', 'default'];

export class NetworkControl {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** Undefined where this machine is no manager that is up. */
  states(): readonly OverlayState[] | undefined {
    if (!this.#cluster.isManager) return undefined;
    const { cache } = this.#cluster.manager;
    return cache.all('networks').map((network) => headOf(network, cache.cluster.DataPathPort));
  }

  find(reference: string): ClusterNetwork | undefined {
    const all = this.#cluster.manager.cache.all('networks');
    const begun = reference === '' ? [] : all.filter(({ ID }) => ID.startsWith(reference));
    return (
      all.find(({ ID }) => ID === reference) ??
      all.find(({ Spec }) => Spec.Name === reference) ??
      (begun.length === 1 ? begun[0] : undefined)
    );
  }

  async create(body: NetworkCreateBody): Promise<string> {
    const { writer, cache } = this.#cluster.manager;
    const { Name, Ingress } = body;
    if (PREDEFINED.includes(Name)) throw forbidden(`operation is not permitted on predefined ${Name} network `);
    if (!/^[a-zA-Z0-9][-a-zA-Z0-9_.]*$/.test(Name) || Name.length > 63)
      throw invalid(`rpc error: code = InvalidArgument desc = name must be valid as a DNS name component`);
    if (body.EnableIPv4 === false)
      throw notImplemented('overlay networks without IPv4 are not implemented by this daemon');
    if (body.ConfigFrom || body.ConfigOnly)
      throw notImplemented('configuration networks for overlay networks are not implemented by this daemon');
    if (Object.hasOwn(body.Options ?? {}, 'encrypted')) throw notImplemented(ENCRYPTED);
    if (Ingress && body.Attachable) throw invalid('ingress network cannot be attachable');
    if (Ingress && body.Internal) throw invalid('ingress network cannot be internal');
    const ingress = cache.all('networks').find(({ Spec }) => Spec.Ingress);
    if (Ingress && ingress)
      throw conflict(`rpc error: code = AlreadyExists desc = ingress network (${ingress.ID}) is already present`);
    const taken = `network with name ${Name} already exists`;
    return writeNetwork(writer, {
      id: newId(),
      spec: {
        Name,
        Labels: body.Labels ?? {},
        Internal: body.Internal,
        Attachable: body.Attachable,
        Ingress,
        Options: body.Options ?? {},
      },
      subnets: wantedSubnets(body),
      avoid: [],
      taken,
    });
  }

  async remove(reference: string): Promise<void> {
    const { writer, cache } = this.#cluster.manager;
    const network = this.find(reference);
    if (!network) throw notFound(`network ${reference} not found`);
    const { ID, Spec } = network;
    const inUse = (who: string): Error =>
      invalid(`rpc error: code = FailedPrecondition desc = network ${ID} is in use by ${who}`);
    const service = cache
      .all('services')
      .find(
        (one) =>
          one.Spec.TaskTemplate.Networks?.some(({ Target }) => Target === ID) ||
          (Spec.Ingress && (one.Endpoint.Ports ?? []).some(({ PublishMode }) => PublishMode !== 'host')),
      );
    if (service) throw inUse(`service ${service.ID}`);
    const users = (): readonly Task[] =>
      cache
        .all('tasks')
        .filter(
          ({ Addresses, Status }) => !isTerminal(Status.State) && Addresses?.some(({ NetworkID }) => NetworkID === ID),
        );
    // clients remove a stack's network right behind its services, whose tasks are still stopping
    const isStopping = ({ ServiceID, DesiredState }: Task): boolean =>
      !cache.get('services', ServiceID) || stateOrder(DesiredState) > stateOrder('running');
    for (const end = Date.now() + STOPPING_MS; Date.now() < end; await pause(100))
      if (users().length === 0 || !users().every(isStopping)) break;
    const [task] = users();
    if (task) throw inUse(`task ${task.ID}`);
    const joined = cache.all('attachments').find(({ NetworkID }) => NetworkID === ID);
    if (joined) throw inUse(`task ${joined.ID}`);
    await writer.remove([keys.network(ID), keys.name('networks', Spec.Name)]);
  }
}

/** Tasks that stop already are waited for so long before a network counts as in use by them, milliseconds. */
const STOPPING_MS = 20_000;

const ENCRYPTED =
  'encrypted overlay networks are not implemented by this daemon: it sets up neither WireGuard nor IPsec, and would send what is to be secret in clear';

/** What a person asked for, IPv4 first, and an IPv6 block of random bits where none was named. Throws for what cannot be. */
function wantedSubnets({ IPAM, EnableIPv6, Ingress }: NetworkCreateBody): WantedSubnet[] {
  if (IPAM && IPAM.Driver !== '' && IPAM.Driver !== 'default') throw invalid(`invalid ipam driver: "${IPAM.Driver}"`);
  const wanted = (IPAM?.Config ?? []).flatMap((config) => (config.Subnet ? [wantedSubnet(config, config.Subnet)] : []));
  const of = (family: Family): WantedSubnet[] => wanted.filter(({ block }) => block.family === family);
  const [four, six] = [of(4), of(6)];
  if (six[0] && !EnableIPv6)
    throw invalid(`invalid network config:\ninvalid subnet ${blockText(six[0].block)}: the network is without IPv6`);
  if (Ingress && four.length > 1)
    throw notImplemented('several subnets on the ingress network are not implemented by this daemon');
  if (Ingress && EnableIPv6) throw notImplemented('IPv6 on the ingress network is not implemented by this daemon');
  if (EnableIPv6 && six.length === 0) return [...four, { block: localBlock(randomBytes(7)) }];
  return [...four, ...six];
}

/** Prefixes of the least and the most. */
const BITS = { 4: [8, 29], 6: [16, 125] } as const;

function wantedSubnet(config: IpamConfig, subnet: string): WantedSubnet {
  const block = parseBlock(subnet);
  if (!block) throw invalid(`invalid subnet ${subnet}: invalid CIDR block notation`);
  const [least, most] = BITS[block.family];
  if (block.bits < least || block.bits > most)
    throw invalid(`invalid subnet ${subnet}: a prefix of ${least} to ${most} bits is wanted`);
  if (config.IPRange || config.AuxiliaryAddresses)
    throw notImplemented(
      'address ranges and reserved addresses of overlay networks are not implemented by this daemon',
    );
  const gateway = config.Gateway ? parseAddress(config.Gateway) : undefined;
  if (config.Gateway && (!gateway || !contains(block, gateway)))
    throw invalid(`invalid gateway address ${config.Gateway}: it is not in the subnet ${subnet}`);
  return { block: masked(block), ...(gateway ? { gateway: addressText(gateway) } : {}) };
}
