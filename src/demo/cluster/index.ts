// `berth cluster demo`: hosts that are namespaces of this machine become a cluster; one dies, a new version comes in, it grows, and all
// of it goes away again. Each step is a command that a person would type.
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '../../base/errors.ts';
import { type Ground, type Host, Hosts } from './hosts.ts';

/** How long a step waits for what it shows, milliseconds. */
const PATIENCE_MS = 60_000;

/** Plays the demo and prints it; resolves to the exit code. `clock`: milliseconds, from any point on. */
export async function play(nodes: number, clock: () => number, ground: Ground): Promise<number> {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'berth-cluster-'));
  const hosts = new Hosts(folder, ground);
  const abort = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => abort.abort());
  const begin = clock();
  const step = async (title: string, work: () => Promise<string>): Promise<void> => {
    const start = clock();
    const shown = await unlessAborted(work(), abort.signal);
    say(`${title} (${((clock() - start) / 1000).toFixed(1)} s)`);
    for (const line of shown.trimEnd().split('\n')) if (line !== '') say(`    | ${line}`);
  };
  let code = 0;
  try {
    await scenes(hosts, nodes, step);
  } catch (error) {
    code = abort.signal.aborted ? 130 : 1;
    if (code === 1)
      process.stderr.write(`berth cluster demo: ${messageOf(error)}\n"berth doctor" says what this host lacks.\n`);
  }
  const left = await hosts.remove();
  for (const line of left) process.stderr.write(`berth cluster demo: not taken away: ${line}\n`);
  if (left.length === 0) rmSync(folder, { recursive: true, force: true });
  if (code === 0)
    say(
      `\nAll is taken away again. Done in ${((clock() - begin) / 1000).toFixed(1)} s; docs/cluster.md has the way to real hosts.`,
    );
  return left.length > 0 ? 1 : code;
}

type Step = (title: string, work: () => Promise<string>) => Promise<void>;

async function scenes(hosts: Hosts, nodes: number, step: Step): Promise<void> {
  const image = await makeImage(hosts, step);
  const all: Host[] = [];
  await step(`$ berth daemon                      on ${nodes} hosts, each a network namespace`, async () => {
    all.push(...(await hosts.start(nodes)));
    await Promise.all(all.map((host) => host.berth('load', '-q', '-i', image)));
    return all.map(({ name, address }) => `${name} ${address}`).join('\n');
  });
  const [first, ...others] = all as [Host, ...Host[]];
  await step('$ berth swarm init, join            three managers, the rest workers', async () => {
    await first.berth('swarm', 'init', '--advertise-addr', first.address);
    const [manager = '', worker = ''] = await Promise.all(
      ['manager', 'worker'].map(async (role) => (await first.berth('swarm', 'join-token', '-q', role)).trim()),
    );
    // one after the other: etcd takes one new member at a time
    for (const [index, host] of others.entries()) {
      const token = index < 2 ? manager : worker;
      await host.berth('swarm', 'join', '--advertise-addr', host.address, '--token', token, `${first.address}:2377`);
    }
    await until(async () => (await states(first)).filter((line) => line.endsWith('Ready')).length === nodes);
    return first.berth('node', 'ls');
  });
  const replicas = 2 * nodes;
  // each step says itself when it is done, and no image is on a registry
  const shown = ['--detach', '--no-resolve-image'];
  const program = ['sh', '-c', "trap 'exit 0' TERM; while :; do sleep 0.5; done"];
  await step(`$ berth service create --replicas ${replicas}   spread over the hosts`, async () => {
    const flags = ['--name', 'web', '--replicas', String(replicas), '--env', 'VERSION=1'];
    await first.berth('service', 'create', ...shown, ...flags, 'busybox', ...program);
    await until(async () => (await running(first)).length === replicas);
    return countByHost(await running(first));
  });
  const victim = others.at(-1) as Host;
  await step(`kill -9                             the host ${victim.name} dies with all that runs on it`, async () => {
    await victim.kill();
    await until(async () => {
      const lines = await running(first);
      return lines.length === replicas && lines.every((line) => !line.endsWith(` ${victim.name}`));
    });
    return countByHost(await running(first));
  });
  await step('$ berth service update --env-add VERSION=2   one task after the other', async () => {
    const before = new Set(await running(first));
    await first.berth('service', 'update', ...shown, '--env-add', 'VERSION=2', 'web');
    await until(async () => {
      const now = await running(first);
      return now.length === replicas && now.every((task) => !before.has(task));
    });
    return first.berth('service', 'ls');
  });
  await step(`$ berth service scale web=${replicas + nodes}`, async () => {
    await first.berth('service', 'scale', '--detach', `web=${replicas + nodes}`);
    await until(async () => (await running(first)).length === replicas + nodes);
    return countByHost(await running(first));
  });
  await step('$ berth cluster status', () => first.berth('cluster', 'status'));
}

/** Made by a daemon that can reach the world, as a file for all hosts. */
async function makeImage(hosts: Hosts, step: Step): Promise<string> {
  const outside = hosts.outside();
  const file = join(outside.dataRoot, '..', 'busybox.tar');
  await step('$ berth image bootstrap busybox     an image without a registry', async () => {
    await outside.start(['--bridge', 'none']);
    await outside.berth('image', 'bootstrap', 'busybox');
    await outside.berth('save', '-o', file, 'busybox');
    return '';
  });
  return file;
}

async function states(on: Host): Promise<string[]> {
  return (await on.berth('node', 'ls', '--format', '{{.Hostname}} {{.Status}}')).trim().split('\n');
}

/** `ID HOST` of each task that runs and is to run. */
async function running(on: Host): Promise<string[]> {
  const format = '{{.DesiredState}} {{.CurrentState}} {{.ID}} {{.Node}}';
  const lines = (await on.berth('service', 'ps', '--format', format, 'web')).split('\n');
  return lines.flatMap((line) => /^Running Running .* (\S+ \S+)$/.exec(line)?.[1] ?? []);
}

function countByHost(tasks: readonly string[]): string {
  const counts = Map.groupBy(tasks, (line) => line.split(' ')[1] ?? '');
  return [...counts]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([host, of]) => `${host}: ${of.length} tasks`)
    .join('\n');
}

async function until(what: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  let last: unknown;
  while (Date.now() < end) {
    // while managers elect a leader a question may go unanswered
    if (await what().catch((error: unknown) => ((last = error), false))) return;
    await pause(250);
  }
  throw last instanceof Error ? last : new Error(`it did not come to be within ${PATIENCE_MS / 1000} s`);
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(new Error('interrupted'));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
