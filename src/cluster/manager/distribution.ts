// Sends each node the networks that concern it, whole, each time they have changed.
import { isTerminal, stateOrder, type Task } from '../model/objects.ts';
import type { Cache, CacheChange } from './cache.ts';
import type { ManagerMessage } from '../wire/messages.ts';
import { Drains } from '../network/drain.ts';
import type { OverlayState } from '../../spec/berth/index.ts';
import { headOf, type PlannedNetwork, planNetworks } from '../network/states.ts';

export interface Receiver {
  readonly node: string;
  send(message: ManagerMessage): void;
}

interface Known {
  readonly receiver: Receiver;
  /** What it was last sent, as text, by network. */
  readonly sent: Map<string, string>;
  /** Of the last message. */
  sequence: number;
}

export class Distribution {
  readonly #cache: Cache;
  readonly #nodes = new Map<string, Known>();
  readonly #drains: Drains;
  /** Of the last look, so that one network's text is made once for all nodes. */
  #planned: readonly { readonly plan: PlannedNetwork; readonly text: string; readonly head: OverlayState }[] = [];

  constructor(cache: Cache, onRelease: (task: string) => void) {
    this.#cache = cache;
    this.#drains = new Drains(onRelease);
    this.#plan();
  }

  /** A node has a session: it gets everything. */
  open(receiver: Receiver): void {
    const known: Known = { receiver, sent: new Map(), sequence: 0 };
    this.#nodes.set(receiver.node, known);
    this.#send(known, true);
    this.#holdBack();
  }

  lost(receiver: Receiver): void {
    if (this.#nodes.get(receiver.node)?.receiver !== receiver) return;
    this.#nodes.delete(receiver.node);
    this.#drains.lost(receiver.node);
  }

  acknowledged(node: string, sequence: number): void {
    this.#drains.acknowledged(node, sequence);
  }

  /** Its stop waits until it is out of names and virtual addresses everywhere. */
  isHeld(task: string): boolean {
    return this.#drains.isHeld(task);
  }

  onChange(changes: readonly CacheChange[]): void {
    if (!changes.some((change) => this.#concerns(change))) return;
    this.#plan();
    for (const known of this.#nodes.values()) this.#send(known, false);
    this.#holdBack();
  }

  /** Tasks without networks change nothing here. */
  #concerns({ kind, id, gone, relisted }: CacheChange): boolean {
    if (relisted) return true;
    if (kind === 'tasks') return gone || this.#cache.get('tasks', id)?.Addresses !== undefined;
    return kind === 'networks' || kind === 'attachments' || kind === 'services' || kind === 'nodes';
  }

  #plan(): void {
    const port = this.#cache.all('cluster')[0]?.DataPathPort ?? 4789;
    const networks = this.#cache.all('networks');
    this.#planned = planNetworks({
      networks,
      services: this.#cache.all('services'),
      tasks: this.#cache.all('tasks'),
      nodes: this.#cache.all('nodes'),
      attachments: this.#cache.all('attachments'),
      dataPathPort: port,
    }).map((plan, index) => {
      const network = networks[index];
      return { plan, text: JSON.stringify(plan.state), head: network ? headOf(network, port) : plan.state };
    });
  }

  #send(known: Known, whole: boolean): void {
    const { receiver, sent } = known;
    const set: OverlayState[] = [];
    const present = new Set<string>();
    for (const { plan, text, head } of this.#planned) {
      const isOn = plan.nodes.has(receiver.node);
      if (!isOn && !head.attachable) continue;
      present.add(head.id);
      const now = isOn ? text : 'head';
      if (sent.get(head.id) === now) continue;
      sent.set(head.id, now);
      set.push(isOn ? plan.state : head);
    }
    const gone = [...sent.keys()].filter((id) => !present.has(id));
    for (const id of gone) sent.delete(id);
    if (!whole && set.length === 0 && gone.length === 0) return;
    known.sequence += 1;
    receiver.send({ type: 'networks', sequence: known.sequence, whole, set, gone });
  }

  /** Tasks that run and are to end. */
  #holdBack(): void {
    const tasks = this.#cache.all('tasks');
    this.#drains.keepOnly(new Set(tasks.map(({ ID }) => ID)));
    for (const task of tasks) if (isLeaving(task)) this.#drains.begin(task.ID, this.#knowing(task));
  }

  #knowing({ Addresses = [] }: Task): Map<string, number> {
    const networks = new Set(Addresses.map(({ NetworkID }) => NetworkID));
    const found = new Map<string, number>();
    for (const { plan } of this.#planned) {
      if (!networks.has(plan.state.id)) continue;
      for (const node of plan.nodes) {
        const known = this.#nodes.get(node);
        if (known) found.set(node, known.sequence);
      }
    }
    return found;
  }

  close(): void {
    this.#drains.close();
    this.#nodes.clear();
  }
}

function isLeaving({ Addresses, Status, DesiredState }: Task): boolean {
  return (
    Addresses !== undefined &&
    Status.State === 'running' &&
    !isTerminal(Status.State) &&
    stateOrder(DesiredState) > stateOrder('running')
  );
}
