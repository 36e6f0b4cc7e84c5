// The daemon's handle on its cluster: on a machine that is in none, it costs one look for a file, and nothing is loaded.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { ClusterOptions } from './member/cluster.ts';
import type { ClusterControl } from './control/index.ts';

export class ClusterAccess {
  readonly #options: ClusterOptions;
  readonly #wasMember: boolean;
  #opened: Promise<ClusterControl> | undefined;
  #control: ClusterControl | undefined;

  /** A manager asks for the API of this machine; without a server nobody answers. */
  onTunnel: (connection: Duplex) => void = (connection) => void connection.destroy();

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.#wasMember = existsSync(join(options.dataRoot, 'cluster', 'identity.json'));
  }

  /** This machine is in a cluster, or was when the daemon began. */
  get isMember(): boolean {
    return this.#control?.cluster.identity !== undefined || (!this.#control && this.#wasMember);
  }

  open(): Promise<ClusterControl> {
    return (this.#opened ??= import('./control/index.ts').then(({ ClusterControl }) => {
      this.#control = new ClusterControl(this.#options);
      return this.#control;
    }));
  }

  /** Goes on with what this machine was part of. */
  async start(): Promise<void> {
    if (!this.#wasMember) {
      // what a crash in the midst of leaving has left goes
      await this.#options.networks.apply('', []);
      return;
    }
    const { cluster } = await this.open();
    await cluster.start();
  }

  /** On a manager that is up. */
  get manager(): ClusterControl | undefined {
    return this.#control?.cluster.isManager ? this.#control : undefined;
  }

  /** The section of `info`; undefined outside of a cluster. */
  info(): object | undefined {
    return this.#control?.cluster.info();
  }

  /** For the header of `ping`: `active/manager`, `active/worker`, `inactive`. */
  get role(): string {
    const identity = this.#control?.cluster.identity;
    if (!identity) return 'inactive';
    return `${this.#control?.cluster.isLocked ? 'locked' : 'active'}/${identity.role}`;
  }

  async close(): Promise<void> {
    await (await this.#opened)?.cluster.close();
  }
}
