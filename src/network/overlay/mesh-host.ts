// Published ports of services as this host has them: held, so that nobody else takes them, and led to tasks by a table of their own.
import { closeSync } from 'node:fs';
import { messageOf, unavailable } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { applyNft, listTable } from '../../host/nft.ts';
import { holdPort } from '../../host/port.ts';
import { meshTable } from '../firewall/firewall.ts';
import { MarkedApplier } from '../firewall/marked-applier.ts';
import { type MeshPort, meshPorts, meshText } from './mesh.ts';
import type { OverlayState } from '../../spec/berth/index.ts';

const ANY = Uint8Array.of(0, 0, 0, 0);

export class Mesh {
  readonly #log: Log;
  readonly #table: string;
  readonly #rules: MarkedApplier;
  readonly #held = new Map<string, number>();
  #bridge = '';
  #ports: readonly MeshPort[] = [];
  #used = false;

  /** `table` is the name of the daemon's own. */
  constructor(table: string, log: Log) {
    this.#log = log;
    this.#table = meshTable(table);
    this.#rules = new MarkedApplier(
      'inet',
      this.#table,
      () => meshText(this.#table, this.#bridge, this.#ports),
      applyNft,
    );
  }

  /** The ingress network with its bridge here; undefined where this host is not on it. */
  async bring(ingress: { readonly state: OverlayState; readonly bridge: string } | undefined): Promise<void> {
    if (!ingress && !this.#used) return;
    this.#used = true;
    this.#bridge = ingress?.bridge ?? '';
    const wanted = ingress ? meshPorts(ingress.state) : [];
    this.#hold(wanted);
    this.#ports = wanted.filter((port) => this.#held.has(keyOf(port)));
    await this.#rules.bring();
  }

  /** Another program may have taken the table away: it is looked at. */
  async repair(): Promise<void> {
    const { mark } = this.#rules;
    if (mark === undefined || this.#rules.busy) return;
    const there = await listTable('inet', this.#table);
    if (there?.includes(mark) || mark !== this.#rules.mark || this.#rules.busy) return;
    this.#log.warn(`table ${this.#table} was changed by another program: it is put back`);
    this.#rules.forget();
    await this.#rules.bring();
  }

  #hold(wanted: readonly MeshPort[]): void {
    const keys = new Set(wanted.map(keyOf));
    for (const [key, fd] of this.#held) {
      if (keys.has(key)) continue;
      closeSync(fd);
      this.#held.delete(key);
    }
    for (const port of wanted) {
      if (this.#held.has(keyOf(port))) continue;
      try {
        const fd = holdPort(port.protocol, '0.0.0.0', ANY, port.published);
        if (fd === undefined) throw unavailable(`this kernel has no ${port.protocol}`);
        this.#held.set(keyOf(port), fd);
      } catch (error) {
        this.#log.warn(`port ${keyOf(port)} of a service is not published here: ${messageOf(error)}`);
      }
    }
  }

  close(): void {
    for (const fd of this.#held.values()) closeSync(fd);
    this.#held.clear();
  }
}

function keyOf({ protocol, published }: MeshPort): string {
  return `${published}/${protocol}`;
}
