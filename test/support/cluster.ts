// A cluster of a test's own: daemons in network namespaces, each a host of its own on one bridge, whose links can be cut.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { observeCgroups } from '../../src/host/cgroup.ts';
import { type Result, TestDaemon, until } from './daemon.ts';
import { Place, wire } from './namespaces.ts';

export class TestNode {
  readonly name: string;
  readonly address: string;
  readonly place: Place;
  readonly daemon: TestDaemon;

  constructor(name: string, address: string, place: Place, daemon: TestDaemon) {
    this.name = name;
    this.address = address;
    this.place = place;
    this.daemon = daemon;
  }

  /** Throws when the command fails; gives what it printed. */
  async docker(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.daemon.client('docker', args, { timeoutMs: 45_000 });
    assert.equal(code, 0, `${this.name}: docker ${args.join(' ')}: ${stderr}\n${this.daemon.log.slice(-3000)}`);
    return stdout;
  }

  try(...args: string[]): Promise<Result> {
    return this.daemon.docker(...args);
  }

  async json<T>(path: string): Promise<T> {
    const { status, body } = await this.daemon.get(path);
    assert.equal(status, 200, `${path}: ${body}`);
    return JSON.parse(body) as T;
  }

  /** As when the machine loses its power: the daemon and everything in its containers is gone at once. */
  async powerOff(): Promise<void> {
    const ended = this.daemon.kill();
    this.killContainers();
    await ended;
    this.killContainers();
  }

  killContainers(): void {
    for (const root of new Set(observeCgroups().roots.values()))
      for (const pid of processesBelow(join(root, 'berth', this.daemon.instance))) kill(pid);
  }

  /** Processes of containers that run here, whoever watches them. */
  containerPids(): number[] {
    const roots = [...new Set(observeCgroups().roots.values())];
    return [...new Set(roots.flatMap((root) => processesBelow(join(root, 'berth', this.daemon.instance))))].sort(
      (a, b) => a - b,
    );
  }
}

function processesBelow(folder: string): number[] {
  try {
    const own = readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
    const below = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return [...own, ...below.flatMap((entry) => processesBelow(join(folder, entry.name)))];
  } catch {
    return [];
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // ended meanwhile
  }
}

export interface ServiceTask {
  readonly ID: string;
  readonly Slot?: number;
  readonly NodeID?: string;
  readonly DesiredState: string;
  readonly Status: { readonly State: string; readonly Err?: string };
  readonly Spec: { readonly ContainerSpec: { readonly Env?: readonly string[] } };
}

export class TestCluster implements AsyncDisposable {
  readonly nodes: TestNode[] = [];
  readonly #hub: Place;
  /** Of every daemon. */
  readonly #flags: readonly string[];
  readonly #clients: Place[] = [];

  private constructor(hub: Place, flags: readonly string[]) {
    this.#hub = hub;
    this.#flags = flags;
  }

  /** So many hosts, each with a daemon and the image busybox; none is in a cluster yet. */
  static async start(count: number, flags: readonly string[] = []): Promise<TestCluster> {
    const cluster = new TestCluster(await Place.make(), flags);
    try {
      await cluster.#hub.shell('ip link add br0 type bridge\nip link set br0 up');
      await Promise.all(Array.from({ length: count }, (_, index) => cluster.#add(index + 1)));
      await cluster.#images();
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
    return cluster;
  }

  async #add(number: number): Promise<void> {
    const [name, address] = [`n${number}`, `10.77.0.${number}`];
    const place = await Place.make();
    await wire(this.#hub, [name], place, ['eth0', `${address}/24`]);
    await this.#hub.shell(`ip link set ${name} master br0`);
    const enter = [...place.enterOffline(), 'unshare', '--uts', 'sh', '-c', `hostname ${name}; exec "$@"`, 'sh'];
    const daemon = await TestDaemon.start(this.#flags, enter);
    this.nodes[number - 1] = new TestNode(name, address, place, daemon);
  }

  node(number: number): TestNode {
    const node = this.nodes[number - 1];
    assert.ok(node, `there is no node ${number}`);
    return node;
  }

  /** Made on the first, carried to the others. */
  async #images(): Promise<void> {
    const [first, ...others] = this.nodes;
    if (!first) return;
    await first.daemon.busybox();
    const file = join(first.daemon.folder, 'busybox.tar');
    await first.docker('save', '-o', file, 'busybox');
    await Promise.all(others.map((node) => node.docker('load', '-q', '-i', file)));
  }

  /** The first node makes the cluster, the others join it. */
  async form(managers: number): Promise<void> {
    const first = this.node(1);
    await first.docker('swarm', 'init', '--advertise-addr', first.address);
    const [manager, worker] = await Promise.all([
      first.docker('swarm', 'join-token', '-q', 'manager'),
      first.docker('swarm', 'join-token', '-q', 'worker'),
    ]);
    // one after the other: etcd takes one learner at a time
    for (const [index, node] of this.nodes.slice(1).entries()) {
      const token = index + 1 < managers ? manager : worker;
      await node.docker(
        'swarm',
        'join',
        '--advertise-addr',
        node.address,
        '--token',
        token.trim(),
        `${first.address}:2377`,
      );
    }
    await until(async () => {
      const states = (await this.list(first)).map(({ Status }) => Status.State);
      assert.deepEqual(
        states,
        this.nodes.map(() => 'ready'),
      );
    });
  }

  list(
    on: TestNode,
  ): Promise<
    { ID: string; Description: { Hostname: string }; Status: { State: string }; ManagerStatus?: { Leader?: boolean } }[]
  > {
    return on.json('/nodes');
  }

  /** Who leads, as soon as somebody does: on a busy machine there may be an election just now. */
  leader(on: TestNode): Promise<TestNode> {
    return until(async () => {
      const found = (await this.list(on)).find(({ ManagerStatus }) => ManagerStatus?.Leader);
      assert.ok(found, 'nobody leads');
      return this.node(Number(found.Description.Hostname.slice(1)));
    });
  }

  tasks(on: TestNode, service: string): Promise<ServiceTask[]> {
    return on.json(`/tasks?filters=${encodeURIComponent(JSON.stringify({ service: [service] }))}`);
  }

  /** Until exactly so many tasks that are to run do run, on nodes that are there. */
  async running(on: TestNode, service: string, count: number, milliseconds = 30_000): Promise<ServiceTask[]> {
    return until(async () => {
      const tasks = await this.tasks(on, service);
      const good = tasks.filter(({ DesiredState, Status }) => DesiredState === 'running' && Status.State === 'running');
      const up = new Set((await this.list(on)).filter(({ Status }) => Status.State === 'ready').map(({ ID }) => ID));
      const there = good.filter(({ NodeID = '' }) => up.has(NodeID));
      assert.equal(
        there.length,
        count,
        tasks
          .map(({ Slot, DesiredState, Status }) => `${Slot} ${DesiredState}/${Status.State} ${Status.Err ?? ''}`)
          .join('\n'),
      );
      return there;
    }, milliseconds);
  }

  /** Somebody else on the wire, who runs nothing. */
  async client(address: string): Promise<Place> {
    const place = await Place.make();
    this.#clients.push(place);
    const name = `c${this.#clients.length}`;
    await wire(this.#hub, [name], place, ['eth0', `${address}/24`]);
    await this.#hub.shell(`ip link set ${name} master br0`);
    return place;
  }

  /** Nothing goes from or to this host any more. */
  cut(node: TestNode): Promise<string> {
    return this.#hub.shell(`ip link set ${node.name} down`);
  }

  heal(node: TestNode): Promise<string> {
    return this.#hub.shell(`ip link set ${node.name} up`);
  }

  /** Nothing of the first host gets to the second any more; the other way all is as before. */
  cutWay(from: TestNode, to: TestNode): Promise<string> {
    return this.#hub.shell(`nft add table bridge cut
nft 'add chain bridge cut between { type filter hook forward priority 0; }'
nft add rule bridge cut between iifname ${from.name} oifname ${to.name} drop`);
  }

  /** All that `cutWay` has cut. */
  healWays(): Promise<string> {
    return this.#hub.shell('nft delete table bridge cut');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.nodes.map(async (node) => {
        await node.daemon.stop();
        node.killContainers();
        await node.daemon[Symbol.asyncDispose]();
        node.place[Symbol.dispose]();
      }),
    );
    for (const client of this.#clients) client[Symbol.dispose]();
    this.#hub[Symbol.dispose]();
  }
}
