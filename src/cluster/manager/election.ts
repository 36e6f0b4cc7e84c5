// Who leads: the manager whose lease holds the election's key. What a leader writes is guarded by that key's revision.
import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { steadyNow } from '../../base/steady.ts';
import { keys } from '../model/objects.ts';
import type { Guard, KeyValueStore } from '../store/port.ts';

/** Without a sign of life for so long a leader is none any more, seconds. */
const LEASE_S = 3;
const RENEW_MS = 500;

export interface Leader {
  readonly node: string;
  /** Where nodes reach it. */
  readonly address: string;
}

export class Election {
  readonly #store: KeyValueStore;
  readonly #me: Leader;
  readonly #log: Log;
  readonly #abort = new AbortController();
  #lease: string | undefined;
  #guard: Guard | undefined;
  #current: Leader | undefined;
  #former: Leader | undefined;
  #resigned = false;
  #sureUntil = 0;
  #done: Promise<void> = Promise.resolve();
  onLead: () => void = () => undefined;
  onFollow: () => void = () => undefined;

  constructor(store: KeyValueStore, me: Leader, log: Log) {
    this.#store = store;
    this.#me = me;
    this.#log = log;
  }

  start(): void {
    this.#done = this.#run();
  }

  /** No other manager can lead yet, whatever this one has not noticed. */
  get surelyLeads(): boolean {
    return this.#guard !== undefined && steadyNow() < this.#sureUntil;
  }

  /** Guards a leader's writes; undefined for who does not lead. */
  get guard(): Guard | undefined {
    return this.#guard;
  }

  get current(): Leader | undefined {
    return this.#current;
  }

  /** Leads no more, and does not try to. */
  async resign(): Promise<void> {
    this.#resigned = true;
    while (this.#guard && !this.#abort.signal.aborted) await pause(10);
  }

  /** Until somebody leads. */
  async leading(): Promise<void> {
    while (this.#current === undefined && !this.#abort.signal.aborted) await pause(10);
  }

  /** Who led before this one, as far as is known. */
  get former(): Leader | undefined {
    return this.#former;
  }

  async #run(): Promise<void> {
    while (!this.#abort.signal.aborted) {
      try {
        await this.#round();
      } catch (error) {
        this.#log.debug(`election: ${messageOf(error)}`);
        this.#lost();
      }
      await pause(RENEW_MS, undefined, { signal: this.#abort.signal }).catch(() => undefined);
    }
  }

  async #round(): Promise<void> {
    if (this.#resigned && this.#lease !== undefined) {
      const lease = this.#lease;
      this.#lost();
      await this.#store.revoke(lease);
    }
    if (this.#lease !== undefined) {
      const asked = steadyNow();
      if (await this.#store.keepAlive(this.#lease)) this.#sureUntil = asked + LEASE_S * 1000;
      else this.#lost();
    }
    const held = await this.#store.get(keys.leader);
    if (held) {
      this.#current = JSON.parse(held.value) as Leader;
      this.#former = this.#current;
      if (this.#guard && held.revision !== this.#guard.revision) this.#lost();
      return;
    }
    this.#lost();
    if (this.#resigned) return;
    const asked = steadyNow();
    this.#lease = await this.#store.grant(LEASE_S);
    this.#sureUntil = asked + LEASE_S * 1000;
    const revision = await this.#store.commit({
      once: true,
      guards: [{ key: keys.leader, revision: 0 }],
      writes: [{ put: keys.leader, value: JSON.stringify(this.#me), lease: this.#lease }],
    });
    if (revision === undefined || this.#abort.signal.aborted) return;
    this.#guard = { key: keys.leader, revision };
    this.#current = this.#me;
    this.onLead();
  }

  #lost(): void {
    this.#lease = undefined;
    this.#current = undefined;
    if (!this.#guard) return;
    this.#guard = undefined;
    this.onFollow();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    const lease = this.#lease;
    await this.#done;
    this.#lost();
    // the next one need not wait for the lease's end
    if (lease !== undefined) await this.#store.revoke(lease).catch(() => undefined);
  }
}
