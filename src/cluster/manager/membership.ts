// The leader's part in a demotion: first the member leaves etcd, then the node stops to be a manager; never the other way round.
import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { keys } from '../model/objects.ts';
import type { EtcdStore } from '../store/etcd.ts';
import type { Election } from './election.ts';
import type { Writer } from './writer.ts';

/** etcd refuses while a member that joined lately is not connected for five seconds yet. */
const RETRY_MS = 1000;

export interface MembershipOptions {
  readonly node: string;
  readonly writer: Writer;
  readonly etcd: EtcdStore;
  readonly election: Election;
  readonly log: Log;
}

export class Membership {
  readonly #options: MembershipOptions;
  #running = false;
  #closed = false;

  constructor(options: MembershipOptions) {
    this.#options = options;
  }

  wake(): void {
    if (this.#running || this.#closed || this.#demoted().length === 0) return;
    this.#running = true;
    void (async () => {
      while (!this.#closed && this.#demoted().length > 0) {
        await this.#round();
        await pause(RETRY_MS);
      }
      this.#running = false;
    })();
  }

  #demoted() {
    return this.#options.writer.cache
      .all('nodes')
      .flatMap(({ ID, Spec, ManagerStatus }) =>
        Spec.Role === 'worker' && ManagerStatus ? [{ node: ID, member: ManagerStatus.member }] : [],
      );
  }

  async #round(): Promise<void> {
    const { node: self, writer, etcd, election, log } = this.#options;
    for (const { node, member } of this.#demoted()) {
      try {
        if (node === self) {
          // who is removed cannot write any more: another one does it
          await election.resign();
          return;
        }
        const members = await etcd.members();
        if (members.some(({ id }) => id === member)) await etcd.removeMember(member);
        await writer.update<'nodes'>(keys.node(node), () => ({ ManagerStatus: undefined }), election.guard);
      } catch (error) {
        log.info(`cluster: node ${node} is still a member of etcd: ${messageOf(error)}`);
      }
    }
  }

  close(): void {
    this.#closed = true;
  }
}
