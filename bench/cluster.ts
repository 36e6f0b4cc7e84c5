// A cluster without containers: a real manager with a real etcd, and nodes that speak the real protocol and only pretend to run tasks. `npm run bench:cluster -- NODES`.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { silentLog } from '../src/base/log.ts';
import type { ContainerView, Machine, TaskContainers } from '../src/cluster/agent/ports.ts';
import { ClusterControl } from '../src/cluster/control/index.ts';
import { findProgram } from '../src/host/find.ts';
import { printTable } from './table.ts';

const [, , first = '50', second = '2000'] = process.argv;
const NODES = Number(first);
const TASKS = Number(second);
/** What it takes to make and to start a container that there is none of, milliseconds. */
const MAKE_MS = 20;
/** Nodes that join at once: all of them share one process. */
const BATCH = 5;
const WAIT_MS = 120_000;
const PORT = 20_000 + (process.pid % 20_000);

/** Where set-up puts it. */
const SETUP = new URL('../.berth/programs/etcd', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'berth-bench-cluster-'));

function pretended(): TaskContainers {
  const all = new Map<string, ContainerView>();
  let waiting: ((id: string) => void) | undefined;
  const queue: string[] = [];
  const changed = (id: string): void => {
    if (waiting) waiting(id);
    else queue.push(id);
  };
  const put = (id: string, change: Partial<ContainerView>): void => {
    const old = all.get(id);
    if (old) all.set(id, { ...old, ...change });
    changed(id);
  };
  return {
    list: () => Promise.resolve([...all.values()]),
    view: (id) => Promise.resolve(all.get(id)),
    hasImage: () => true,
    pull: () => Promise.resolve(),
    create: async (name) => {
      await pause(MAKE_MS);
      const task = name.split('.').at(-1) ?? '';
      const state = { running: false, started: false, pid: 0, exitCode: 0, error: '', health: 'none' } as const;
      all.set(name, { id: name, task, ...state, hasHealthCheck: false });
      return name;
    },
    start: async (id) => {
      await pause(MAKE_MS);
      put(id, { running: true, started: true, pid: 1 });
    },
    stop: (id) => Promise.resolve(put(id, { running: false, pid: 0 })),
    kill: (id) => Promise.resolve(put(id, { running: false, pid: 0 })),
    remove: (id) => Promise.resolve(void all.delete(id)),
    async *logs() {},
    usage: () => Promise.resolve(undefined),
    async *changes(signal) {
      while (!signal.aborted) yield queue.shift() ?? (await new Promise<string>((resolve) => (waiting = resolve)));
    },
  };
}

function machine(index: number): Machine {
  return {
    describe: () => ({
      Hostname: `n${index}`,
      Platform: { Architecture: 'x86_64', OS: 'linux' },
      Resources: { NanoCPUs: 64e9, MemoryBytes: 256e9 },
      Engine: { EngineVersion: 'none' },
    }),
    load: () => ({ cpu: 0.1, memory: 0.1 }),
    memoryFiles: () => Promise.resolve(folder),
    removeFiles: () => Promise.resolve(),
    addresses: () => [{ device: 'lo', address: '127.0.0.1' }],
    blocks: () => [],
    etcd: () => findProgram('etcd') ?? (existsSync(SETUP) ? SETUP : undefined),
    serve: (connection) => void connection.destroy(),
  };
}

function member(index: number): ClusterControl {
  return new ClusterControl({
    dataRoot: join(folder, String(index)),
    containers: pretended(),
    machine: machine(index),
    networks: { apply: () => Promise.resolve(), setJoiner: () => undefined, joined: () => [] },
    log: silentLog,
    emit: () => undefined,
  });
}

async function until(isSo: () => boolean): Promise<number> {
  const begin = performance.now();
  while (!isSo()) {
    if (performance.now() - begin > WAIT_MS) throw new Error('it did not come so far');
    await pause(5);
  }
  return performance.now() - begin;
}

/** Megabytes of a process. */
function memory(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
}

const service = (name: string, replicas: number): object => ({
  Name: name,
  TaskTemplate: { ContainerSpec: { Image: 'none' }, RestartPolicy: { Delay: 0 } },
  Mode: { Replicated: { Replicas: replicas } },
  UpdateConfig: { Parallelism: 20, Monitor: 1e6 },
});

try {
  const manager = member(0);
  await manager.swarm.init({ ListenAddr: `127.0.0.1:${PORT}`, AdvertiseAddr: `127.0.0.1:${PORT}` });
  const { cluster } = manager;
  const { cache, etcd } = cluster.manager;
  // its own session writes there too
  await until(() => cache.all('nodes')[0]?.Status.State === 'ready');
  await manager.nodes.update(cluster.identity?.node ?? '', cache.all('nodes')[0]?.Version.Index, {
    Role: 'manager',
    Availability: 'drain',
  });
  const { JoinTokens } = cache.cluster;
  const nodes = Array.from({ length: NODES }, (_, index) => member(index + 1));
  const joinBegan = performance.now();
  for (let from = 0; from < nodes.length; from += BATCH)
    await Promise.all(
      nodes.slice(from, from + BATCH).map((node) =>
        node.swarm.join({
          RemoteAddrs: [`127.0.0.1:${PORT}`],
          JoinToken: JoinTokens.Worker,
          AdvertiseAddr: '127.0.0.1',
          ListenAddr: '127.0.0.1:1',
        }),
      ),
    );
  await until(() => cache.all('nodes').every(({ Status }) => Status.State === 'ready'));
  const joined = performance.now() - joinBegan;
  let writes = 0;
  cache.onChange((changes) => (writes += changes.filter(({ kind }) => kind === 'tasks').length));
  const running = (): number => {
    const up = new Set(cache.all('nodes').flatMap(({ ID, Status }) => (Status.State === 'ready' ? [ID] : [])));
    return cache
      .all('tasks')
      .filter((task) => task.Status.State === 'running' && task.DesiredState === 'running' && up.has(task.NodeID ?? ''))
      .length;
  };
  const rows: string[][] = [['what', 'milliseconds', 'a second', 'writes a task', 'transactions']];
  const timed = async (
    what: string,
    count: number,
    work: () => Promise<unknown>,
    isSo: () => boolean,
  ): Promise<void> => {
    const [before, written] = [cache.revision, writes];
    const begin = performance.now();
    await work();
    await until(isSo);
    const took = performance.now() - begin;
    rows.push([
      what,
      took.toFixed(0),
      ((count / took) * 1000).toFixed(0),
      ((writes - written) / count).toFixed(2),
      String(cache.revision - before),
    ]);
  };
  rows.push([`${NODES} nodes join`, joined.toFixed(0), ((NODES / joined) * 1000).toFixed(0), '', '']);
  let id = '';
  await timed(
    `${TASKS} tasks of one service, to all placed`,
    TASKS,
    async () => (id = await manager.services.create(service('web', TASKS))),
    () => cache.tasksOf(id).length >= TASKS && cache.unplaced.size === 0,
  );
  await timed(
    '… to all running',
    TASKS,
    () => Promise.resolve(),
    () => running() >= TASKS,
  );
  await timed(
    'service of 100, to all running',
    100,
    () => manager.services.create(service('small', 100)),
    () => running() >= TASKS + 100,
  );
  const [dead] = nodes;
  const lost = cache.tasksOn(dead?.cluster.identity?.node ?? '').length;
  await timed(
    `death of a node with ${lost} tasks, to full strength`,
    lost,
    async () => dead?.cluster.close(),
    () => cache.all('nodes').some(({ Status }) => Status.State === 'down') && running() >= TASKS + 100,
  );
  const change = async (): Promise<void> => {
    const { Version, ID } = manager.services.get('small');
    const next = service('small', 100) as { TaskTemplate: object };
    await manager.services.update(ID, {
      version: Version.Index,
      rollback: undefined,
      spec: { ...next, TaskTemplate: { ...next.TaskTemplate, ForceUpdate: 1 } },
    });
  };
  await timed(
    'rolling update of 100, 20 at a time',
    100,
    change,
    () => manager.services.get('small').UpdateStatus?.State === 'completed',
  );
  const idle = process.cpuUsage();
  await pause(5000);
  const used = process.cpuUsage(idle);
  printTable(rows, [0]);
  console.log(
    `idle: ${((used.user + used.system) / 50_000).toFixed(1)} % of a processor for manager and ${NODES} agents in one process of ${memory(process.pid).toFixed(0)} MB; etcd ${memory(etcd.pid ?? 0).toFixed(0)} MB`,
  );
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
  process.exit();
}
