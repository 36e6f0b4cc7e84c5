// Containers of `docker run` on networks of the cluster: the leader gives each an address, and takes it back.
import { forbidden, notFound, unavailable } from '../../base/errors.ts';
import { rfc3339 } from '../../base/clock.ts';
import { newId } from '../model/ids.ts';
import type { Attachment, NetworkAddress } from '../model/network.ts';
import { keys } from '../model/objects.ts';
import { encode } from './cache.ts';
import type { Writer } from './writer.ts';
import type { Guard } from '../store/port.ts';
import type { Allocator } from '../network/allocate.ts';

export interface JoinRequest {
  readonly node: string;
  readonly network: string;
  readonly container: string;
  readonly name: string;
  readonly aliases: readonly string[];
  /** Empty for any. */
  readonly address: string;
  readonly address6: string;
}

interface Waiting {
  readonly request: JoinRequest;
  readonly resolve: (given: NetworkAddress) => void;
  readonly reject: (error: Error) => void;
}

export class Joins {
  readonly #writer: Writer;
  #waiting: Waiting[] = [];
  /** Whoever leaves and comes back at once must not be given the place that is just being taken away. */
  #leaving: Promise<unknown> = Promise.resolve();
  /** Asked for by the loop, in whose rounds alone addresses are given. */
  onRequest: () => void = () => undefined;

  constructor(writer: Writer) {
    this.#writer = writer;
  }

  /** Addresses with their prefix. Throws in Swarm's words. */
  async ask(request: JoinRequest): Promise<NetworkAddress> {
    await this.#leaving;
    const { cache } = this.#writer;
    const network =
      cache.get('networks', request.network) ?? cache.all('networks').find(({ Spec }) => Spec.Name === request.network);
    if (!network) throw notFound(`network ${request.network} not found`);
    if (!network.Spec.Attachable)
      throw forbidden(
        `Could not attach to network ${network.Spec.Name}: rpc error: code = PermissionDenied desc = network ${network.Spec.Name} not manually attachable`,
      );
    const { promise, resolve, reject } = Promise.withResolvers<NetworkAddress>();
    this.#waiting.push({ request: { ...request, network: network.ID }, resolve, reject });
    this.onRequest();
    return promise;
  }

  /** Of this round; false when somebody else wrote meanwhile, and the round is to be made again. */
  async answer(allocator: Allocator, guard: Guard): Promise<boolean> {
    const waiting = this.#waiting;
    if (waiting.length === 0) return true;
    this.#waiting = [];
    const made = waiting.flatMap((one) => {
      const { request } = one;
      const known = this.#of(request.node).find(
        ({ ContainerID, NetworkID }) => ContainerID === request.container && NetworkID === request.network,
      );
      const address = known ?? allocator.take(request.network, request);
      if (!address) {
        one.reject(
          request.address + request.address6 === ''
            ? unavailable(`no available addresses on network ${request.network}`)
            : forbidden('Address already in use'),
        );
        return [];
      }
      const given: NetworkAddress = {
        NetworkID: request.network,
        Addr: address.Addr,
        ...(address.Addr6 === undefined ? {} : { Addr6: address.Addr6 }),
      };
      return [{ one, id: known?.ID ?? newId(), given, revision: known?.Version.Index ?? 0 }];
    });
    const now = rfc3339();
    const done = await this.#writer.commitAll(
      guard,
      made.map(({ one: { request }, id, given, revision }) => {
        const object: Omit<Attachment, 'Version'> = {
          ID: id,
          CreatedAt: now,
          UpdatedAt: now,
          NodeID: request.node,
          ContainerID: request.container,
          Name: request.name,
          Aliases: request.aliases,
          ...given,
        };
        const key = keys.attachment(id);
        return { guard: { key, revision }, write: { put: key, value: encode<Attachment>(object) } };
      }),
    );
    if (!done) {
      this.#waiting = [...made.map(({ one }) => one), ...this.#waiting];
      return false;
    }
    for (const { one, given } of made) one.resolve(given);
    return true;
  }

  /** The container is not on this network any more, or on none. */
  async leave(node: string, container: string, network?: string): Promise<void> {
    await this.#remove(
      this.#of(node).filter(
        ({ ContainerID, NetworkID }) => ContainerID === container && NetworkID === (network ?? NetworkID),
      ),
    );
  }

  /** What a node says of itself when its session begins: other containers of its are gone. */
  async keepOnly(node: string, containers: readonly string[]): Promise<void> {
    await this.#remove(this.#of(node).filter(({ ContainerID }) => !containers.includes(ContainerID)));
  }

  /** Nodes that are removed take their containers along. */
  async sweep(): Promise<void> {
    const { cache } = this.#writer;
    await this.#remove(cache.all('attachments').filter(({ NodeID }) => !cache.get('nodes', NodeID)));
  }

  async #remove(gone: readonly Attachment[]): Promise<void> {
    if (gone.length === 0) return;
    const removed = this.#writer.remove(gone.map(({ ID }) => keys.attachment(ID)));
    this.#leaving = Promise.allSettled([this.#leaving, removed]);
    await removed;
  }

  #of(node: string): Attachment[] {
    return this.#writer.cache.all('attachments').filter(({ NodeID }) => NodeID === node);
  }

  close(): void {
    for (const { reject } of this.#waiting) reject(unavailable('this manager leads no more'));
    this.#waiting = [];
  }
}
