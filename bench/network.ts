// npm run bench:network: networks of Berth beside those of dockerd (without its user-space proxy) and of podman, each engine in a
// network namespace of its own. Prints medians and ratios; it never fails on a number.
//   --dockerd PATH   the dockerd to compare with   --rounds N   (default 11)   --only starts|traffic|names|connect   --json FILE
import { execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { type Engine, startBerth, startDockerd } from './engines.ts';
import { allOf, type Command, inTurn, median, timeOf } from './measure.ts';
import { makeNamespace, type Namespace } from './namespace.ts';
import { printTable } from './table.ts';

const BERTH = new URL('../berth', import.meta.url).pathname;
const TRAFFIC = new URL('traffic.ts', import.meta.url).pathname;

/** Processors of the two ends of a connection. */
const SERVER = 0;
const CLIENT = cpus().length > 1 ? 1 : 0;

interface Row {
  readonly name: string;
  readonly unit: string;
  readonly berth: number;
  readonly dockerd: number | undefined;
  readonly podman?: number;
  /** In words; the ratio is Berth by dockerd. */
  readonly target?: string;
}

interface Side {
  readonly engine: Engine;
  readonly place: Namespace;
}

const { values } = parseArgs({
  options: {
    dockerd: { type: 'string' },
    rounds: { type: 'string', default: '11' },
    only: { type: 'string' },
    json: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
const rows: Row[] = [];
const wants = (part: string): boolean => values.only === undefined || values.only === part;

await using mine = await makeNamespace();
await using theirs = await makeNamespace();
await using third = await makeNamespace();
await using berth = await startBerth(mine.enter);
await using dockerd = await startDockerd(values.dockerd, ['--userland-proxy=false'], theirs.enter);
const sides: Side[] = [{ engine: berth, place: mine }, ...(dockerd ? [{ engine: dockerd, place: theirs }] : [])];

execFileSync(BERTH, ['-H', berth.host, 'image', 'bootstrap', 'busybox'], { stdio: 'ignore' });
const image = execFileSync('docker', ['-H', berth.host, 'save', 'busybox'], { maxBuffer: 64 * 1024 * 1024 });
if (dockerd)
  execFileSync('docker', ['-H', dockerd.host, 'load'], { input: image, stdio: ['pipe', 'ignore', 'inherit'] });
const podman = preparePodman();
for (const { engine } of sides) for (const name of ['app', 'other']) docker(engine, 'network', 'create', name);

if (wants('starts')) await starts();
if (wants('traffic')) await traffic();
if (wants('names')) await resolving();
if (wants('connect')) await connecting();
report();

/** Its run with netavark, where that works; Debian's crun refuses mixed control groups, so with runc. */
function preparePodman(): Command | undefined {
  const limits = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024'];
  const options = ['--runtime', 'runc', '--network-backend', 'netavark'];
  const [file, ...args] = [...third.enter, 'podman', ...options, 'run', '--rm', ...limits, 'busybox', 'true'];
  try {
    execFileSync('podman', ['load'], { input: image, stdio: ['pipe', 'ignore', 'ignore'] });
    execFileSync(file, args, { stdio: 'ignore' });
    return { file, args };
  } catch {
    return undefined;
  }
}

function docker(engine: Engine, ...args: string[]): string {
  return execFileSync('docker', ['-H', engine.host, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  }).trim();
}

function call(engine: Engine, ...args: string[]): Command {
  return { file: 'docker', args: ['-H', engine.host, ...args] };
}

function add(name: string, unit: string, numbers: readonly number[], target?: string, third?: number): void {
  const [own = Number.NaN, other] = numbers;
  rows.push({
    name,
    unit,
    berth: own,
    dockerd: other,
    ...(third === undefined ? {} : { podman: third }),
    ...(target === undefined ? {} : { target }),
  });
}

async function starts(): Promise<void> {
  const words = ['run', '--rm', 'busybox', 'true'];
  const other = {
    ...(dockerd ? { dockerd: call(dockerd, ...words) } : {}),
    ...(podman ? { podman } : {}),
  };
  for (const [name, command, target] of [
    ['run --rm busybox true on a bridge, docker CLI', call(berth, ...words), '<= 0.33'],
    ['run --rm busybox true on a bridge, own CLI', { file: BERTH, args: ['-H', berth.host, ...words] }, '<= 0.5'],
  ] as const) {
    const medians = await inTurn({ berth: command, ...other }, rounds);
    const numbers = [medians['berth'] ?? Number.NaN, ...(dockerd ? [medians['dockerd'] ?? Number.NaN] : [])];
    add(name, 'ms', numbers, target, medians['podman']);
  }
  const times: number[] = [];
  for (const { engine } of sides) {
    times.push(
      await allOf(50, 8, (index) =>
        timeOf(call(engine, 'run', '-d', '--name', `many${index}`, '--network', 'app', 'busybox', 'sleep', '100000')),
      ),
    );
    docker(engine, 'rm', '-f', ...Array.from({ length: 50 }, (_, index) => `many${index}`));
  }
  add('50 detached starts on a user network, 8 at a time', 'ms', times, '<= 0.5');
}

/** Namespace of a container's process. */
function inside(engine: Engine, container: string): readonly string[] {
  return ['nsenter', `--net=/proc/${docker(engine, 'inspect', '-f', '{{.State.Pid}}', container)}/ns/net`];
}

/**
 * What the traffic program prints for each side, the medians of so many runs in turn. The turn goes back and forth: the
 * processors' speed drifts over seconds, and the side that is always second would have the better or the worse of it.
 */
function measured(commands: readonly (readonly string[])[], runs = 30): number[] {
  const seen = commands.map((): number[] => []);
  for (let run = 0; run < runs; run += 1) {
    const order = [...commands.entries()];
    for (const [side, [file = '', ...args]] of run % 2 === 0 ? order : order.reverse())
      seen[side]?.push(Number(execFileSync(file, args, { encoding: 'utf8', timeout: 30_000 })));
  }
  return seen.map(median);
}

/**
 * Runs the program that makes traffic, on one processor. Where the kernel puts the two ends of a connection decides more than the
 * engine does: round trips are two and a half times as many with both on one processor.
 */
function sends(enter: readonly string[], processor: number, ...words: string[]): string[] {
  return ['taskset', '--cpu-list', String(processor), ...enter, process.execPath, TRAFFIC, ...words];
}

async function traffic(): Promise<void> {
  const ready = await Promise.all(
    sides.map(async ({ engine, place }) => {
      const flags = ['-d', '--network', 'app'];
      docker(engine, 'run', ...flags, '--name', 'server', '-p', '7000:7000', 'busybox', 'sleep', '100000');
      docker(engine, 'run', ...flags, '--name', 'client', 'busybox', 'sleep', '100000');
      const [file = '', ...args] = sends(inside(engine, 'server'), SERVER, 'serve', '7000');
      const server = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      await new Promise((resolve) => server.stdout.once('data', resolve));
      const address = docker(engine, 'inspect', '-f', '{{.NetworkSettings.Networks.app.IPAddress}}', 'server');
      return { engine, server, address, client: inside(engine, 'client'), host: place.enter };
    }),
  );
  const neighbours = (what: string): number[] =>
    measured(ready.map(({ client, address }) => sends(client, CLIENT, what, address, '7000')));
  const published = (what: string): number[] =>
    measured(
      ready.map(({ host }) => sends(host, CLIENT, what, '127.0.0.1', '7000')),
      60,
    );
  add('container to container', 'MB/s', neighbours('bytes'), '>= 0.98');
  add('container to container, round trips', '/s', neighbours('trips'), '>= 0.98');
  add('host to published port', 'MB/s', published('bytes'), '>= 0.98');
  add('host to published port, round trips', '/s', published('trips'), '>= 0.98');
  for (const { engine, server } of ready) {
    server.kill();
    docker(engine, 'rm', '-f', 'server', 'client');
  }
}

async function resolving(): Promise<void> {
  for (const count of [1, 50]) {
    const members = Array.from({ length: count }, (_, index) => `member${index}`);
    for (const { engine } of sides)
      await allOf(count, 8, (index) =>
        timeOf(call(engine, 'run', '-d', '--name', `member${index}`, '--network', 'app', 'busybox', 'sleep', '100000')),
      );
    const found = measured(
      sides.map(({ engine }) => sends(inside(engine, 'member0'), CLIENT, 'names', 'member0')),
      3,
    );
    add(`names answered, ${count} ${count === 1 ? 'container' : 'containers'}`, '/s', found, '>= 15,000 /s');
    for (const { engine } of sides) docker(engine, 'rm', '-f', ...members);
  }
}

async function connecting(): Promise<void> {
  const times: Record<'connect' | 'disconnect', number[]> = { connect: [], disconnect: [] };
  for (const { engine } of sides) {
    docker(engine, 'run', '-d', '--name', 'idle', '--network', 'app', 'busybox', 'sleep', '100000');
    const seen: Record<'connect' | 'disconnect', number[]> = { connect: [], disconnect: [] };
    for (let round = 0; round < rounds; round += 1)
      for (const verb of ['connect', 'disconnect'] as const)
        seen[verb].push(await timeOf(call(engine, 'network', verb, 'other', 'idle')));
    for (const verb of ['connect', 'disconnect'] as const) times[verb].push(median(seen[verb]));
    docker(engine, 'rm', '-f', 'idle');
  }
  add('network connect, docker CLI', 'ms', times.connect);
  add('network disconnect, docker CLI', 'ms', times.disconnect);
}

function report(): void {
  const number = (value: number | undefined): string =>
    value === undefined ? '-' : value.toFixed(value < 1000 ? 1 : 0);
  console.log(`\n${cpus().length} processors, Node ${process.versions.node}, ${rounds} rounds, medians\n`);
  const table = [
    ['case', '', 'berth', 'dockerd', 'ratio', 'to reach', 'podman'],
    ...rows.map(({ name, unit, berth: own, dockerd: other, podman: third, target = '' }) => [
      name,
      unit,
      number(own),
      number(other),
      other === undefined ? '-' : (own / other).toFixed(2),
      target,
      third === undefined ? '' : number(third),
    ]),
  ];
  printTable(table, [0, 1, 5]);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);
}
