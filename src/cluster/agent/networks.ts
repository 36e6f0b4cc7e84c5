// A node's networks of the cluster: what managers said last, on disk as well, and containers of this node that ask to join.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BerthError, messageOf, unavailable } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { OverlayState } from '../../spec/berth/index.ts';
import type { ToManager } from '../wire/dial.ts';
import type { ManagerMessage } from '../wire/messages.ts';
import type { JoinedAt, JoinOptions, TaskNetworks } from './ports.ts';

/** A manager that does not answer by then will not, milliseconds. */
const ANSWER_MS = 10_000;

interface Kept {
  readonly schema: 1;
  readonly networks: readonly OverlayState[];
}

interface Question {
  readonly resolve: (address: JoinedAt) => void;
  readonly reject: (error: Error) => void;
}

export interface AgentNetworksOptions {
  readonly node: string;
  readonly folder: string;
  readonly networks: TaskNetworks;
  readonly log: Log;
}

export class AgentNetworks {
  readonly #options: AgentNetworksOptions;
  readonly #states = new Map<string, OverlayState>();
  readonly #questions = new Map<number, Question>();
  #connection: ToManager | undefined;
  #count = 0;
  #applied: Promise<void> = Promise.resolve();

  constructor(options: AgentNetworksOptions) {
    this.#options = options;
  }

  /** As it was before the daemon ended. */
  async start(): Promise<void> {
    for (const state of this.#read().networks) this.#states.set(state.id, state);
    this.#options.networks.setJoiner({
      join: (options) => this.#join(options),
      leave: (container, network) =>
        this.#connection?.send({ type: 'detach', container, ...(network === undefined ? {} : { network }) }),
    });
    await this.#apply();
  }

  /** A session has begun. */
  opened(connection: ToManager): void {
    this.#connection = connection;
    connection.send({ type: 'attached', containers: this.#options.networks.joined() });
  }

  closed(connection: ToManager): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    for (const { reject } of this.#questions.values()) reject(unavailable('the session with the managers broke'));
    this.#questions.clear();
  }

  async take(connection: ToManager, message: Extract<ManagerMessage, { type: 'networks' }>): Promise<void> {
    if (message.whole) this.#states.clear();
    for (const id of message.gone) this.#states.delete(id);
    for (const state of message.set) this.#states.set(state.id, state);
    this.#write();
    await this.#apply();
    connection.send({ type: 'networks', sequence: message.sequence });
  }

  answered({ id, address, address6, error }: Extract<ManagerMessage, { type: 'attached' }>): void {
    const question = this.#questions.get(id);
    if (!question) return;
    this.#questions.delete(id);
    if (error === '') question.resolve({ address, ...(address6 === undefined ? {} : { address6 }) });
    else question.reject(new BerthError(error.endsWith(' not found') ? 'notFound' : 'forbidden', error));
  }

  /** One after the other: a network that goes and comes back at once must not lose the links of its second life. */
  #apply(): Promise<void> {
    this.#applied = this.#applied.then(() => this.#applyNow());
    return this.#applied;
  }

  async #applyNow(): Promise<void> {
    const { networks, node, log } = this.#options;
    try {
      await networks.apply(node, [...this.#states.values()]);
    } catch (error) {
      log.warn(`cluster networks: ${messageOf(error)}`);
    }
  }

  #join(options: JoinOptions): Promise<JoinedAt> {
    const connection = this.#connection;
    if (!connection) return Promise.reject(unavailable('no manager of the cluster answers'));
    this.#count += 1;
    const id = this.#count;
    const { promise, resolve, reject } = Promise.withResolvers<JoinedAt>();
    const timer = setTimeout(() => reject(unavailable('no manager of the cluster answers')), ANSWER_MS);
    this.#questions.set(id, { resolve, reject });
    connection.send({ type: 'attach', id, ...options });
    return promise
      .finally(() => {
        clearTimeout(timer);
        this.#questions.delete(id);
      })
      .then(async (address) => {
        // what was said before the answer holds when the container gets its interface
        await this.#applied;
        return address;
      });
  }

  get #file(): string {
    return join(this.#options.folder, 'networks.json');
  }

  #read(): Kept {
    try {
      return JSON.parse(readFileSync(this.#file, 'utf8')) as Kept;
    } catch {
      return { schema: 1, networks: [] };
    }
  }

  #write(): void {
    const kept: Kept = { schema: 1, networks: [...this.#states.values()] };
    try {
      writeFileSync(`${this.#file}.new`, JSON.stringify(kept), { mode: 0o600 });
      renameSync(`${this.#file}.new`, this.#file);
    } catch (error) {
      this.#options.log.warn(`cluster: networks cannot be kept: ${messageOf(error)}`);
    }
  }

  close(): void {
    this.#options.networks.setJoiner(undefined);
  }

  /** This machine is in no cluster any more. */
  async removeAll(): Promise<void> {
    this.close();
    this.#states.clear();
    await this.#apply();
  }
}
