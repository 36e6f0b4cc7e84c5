// npm run bench:native: the same work on the host, in a container and in a virtual machine, in one run: what a container costs.
// The container has the host's own programs (/usr, read-only) and files of its own (overlay); the machine is the tests' small one,
// with KVM where the host has it, else emulated, which is named. What is about files is done in a volume too. Prints medians of wall and
// processor time, and ratios to the host; draws docs/native.svg.
//   --rounds N (default 5)   --no-machine   --json FILE
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { runMachine, whyNoMachine } from '../test/vm/machine.ts';
import { startBerth } from './engines.ts';
import { median, timeOf } from './measure.ts';
import { bars } from './plot.ts';
import { printTable } from './table.ts';

const BERTH = new URL('../berth', import.meta.url).pathname;
const WORK = new URL('native/work.mjs', import.meta.url).pathname;
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    'no-machine': { type: 'boolean', default: false },
    json: { type: 'string' },
  },
});
const rounds = Number(values.rounds);

interface Figure {
  readonly name: string;
  /** Milliseconds. */
  readonly wall: number;
  readonly cpu: number;
}

type Place = 'host' | 'container' | 'volume' | 'machine';
const figures: Record<Place, Map<string, Figure[]>> = {
  host: new Map(),
  container: new Map(),
  volume: new Map(),
  machine: new Map(),
};
/** Subjects that a volume makes a difference for. */
const OF_FILES = ['files', 'write', 'read'] as const;
let accelerator = '';

const folder = mkdtempSync('/tmp/berth-native-');
try {
  await using berth = await startBerth();
  const own = (...args: string[]): readonly [string, string[]] => [BERTH, ['-H', berth.host, ...args]];
  makeImage((archive) => execFileSync(...own('import', archive, 'native'), { stdio: 'ignore' }));
  const node = dirname(process.execPath);
  const container = (command: readonly string[], more: readonly string[] = []): string[] => {
    const mounts = ['/usr:/usr:ro', `${node}:${node}:ro`, `${WORK}:/bench.mjs:ro`, ...more];
    return ['run', '--rm', '--network', 'none', ...mounts.flatMap((mount) => ['-v', mount]), 'native', ...command];
  };
  const work = [process.execPath, '/bench.mjs', '/files/here'];
  for (let round = 0; round < rounds; round += 1) {
    collect('host', execFileSync(process.execPath, [WORK, join(folder, 'work')], { encoding: 'utf8' }));
    rmSync(join(folder, 'work'), { recursive: true });
    collect('container', execFileSync(...own(...container(work)), { encoding: 'utf8' }));
    collect('volume', execFileSync(...own(...container([...work, ...OF_FILES], ['/files'])), { encoding: 'utf8' }));
    await oneMore(own(...container(['/usr/bin/true'])));
  }
  const why = values['no-machine'] ? 'not asked for' : await whyNoMachine();
  if (why === undefined) await inMachine();
  else console.log(`no machine: ${why}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
report();

/** A root with nothing but the links of a merged /usr. */
function makeImage(load: (archive: string) => void): void {
  const root = join(folder, 'root');
  for (const name of ['usr', 'tmp', 'etc']) mkdirSync(join(root, name), { recursive: true });
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, join(root, name));
  const archive = join(folder, 'root.tar');
  execFileSync('tar', ['-c', '-f', archive, '-C', root, '.']);
  load(archive);
}

/** The start of one more of each: a process, a container from client to exit. */
async function oneMore([file, args]: readonly [string, string[]]): Promise<void> {
  const wall = await timeOf({ file: '/usr/bin/true', args: [] });
  add('host', { name: 'one more, ended', wall, cpu: Number.NaN });
  add('container', { name: 'one more, ended', wall: await timeOf({ file, args }), cpu: Number.NaN });
}

async function inMachine(): Promise<void> {
  const files = join(folder, 'machine');
  mkdirSync(files);
  execFileSync('cp', [WORK, join(files, 'work.mjs')]);
  const disk = join(folder, 'disk');
  execFileSync('/usr/sbin/mke2fs', ['-q', '-t', 'ext4', disk, '4G']);
  const run = (command: string): ReturnType<typeof runMachine> =>
    runMachine({ files, command, disk, megabytes: 2048, timeout: 1_200_000 });
  const begin = performance.now();
  accelerator = (await run('true')).accelerator;
  add('machine', { name: 'one more, ended', wall: performance.now() - begin, cpu: Number.NaN });
  const end = await run('node work.mjs /var/lib/berth/work');
  if (end.code !== 0) throw new Error(`the work failed in the machine:\n${end.console.slice(-2000)}`);
  collect('machine', end.output);
}

function collect(place: Place, lines: string): void {
  for (const line of lines.trim().split('\n')) {
    // checked by its use: a line without numbers prints as NaN
    const figure: Figure = JSON.parse(line);
    add(place, figure);
  }
}

function add(place: Place, figure: Figure): void {
  figures[place].set(figure.name, [...(figures[place].get(figure.name) ?? []), figure]);
}

function report(): void {
  const of = (place: Place, name: string, key: 'wall' | 'cpu'): number =>
    median((figures[place].get(name) ?? [{ name, wall: Number.NaN, cpu: Number.NaN }]).map((figure) => figure[key]));
  /** Rounds are pairs, host and container one after the other: the median of their ratios, not the ratio of medians. */
  const ratio = (name: string, key: 'wall' | 'cpu', place: Place = 'container'): number => {
    const found = figures[place].get(name) ?? [];
    if (found.length === 0) return Number.NaN;
    return median(found.map((figure, round) => figure[key] / (figures.host.get(name)?.[round]?.[key] ?? Number.NaN)));
  };
  const rows = [...figures.host.keys()].map((name) => ({
    name,
    host: of('host', name, 'wall'),
    container: of('container', name, 'wall'),
    machine: of('machine', name, 'wall'),
    ratio: ratio(name, 'wall'),
    cpuHost: of('host', name, 'cpu'),
    cpuRatio: ratio(name, 'cpu'),
    volume: ratio(name, 'wall', 'volume'),
    volumeCpu: ratio(name, 'cpu', 'volume'),
  }));
  const text = (value: number, digits: number): string => (Number.isNaN(value) ? '' : value.toFixed(digits));
  printTable(
    [
      [
        '',
        'host ms',
        'container',
        `machine ${accelerator}`,
        'container / host',
        'host cpu ms',
        'cpu ratio',
        'volume / host',
        'cpu ratio',
      ],
      ...rows.map((row) => [
        row.name,
        text(row.host, 1),
        text(row.container, 1),
        text(row.machine, 1),
        text(row.ratio, 3),
        text(row.cpuHost, 1),
        text(row.cpuRatio, 3),
        text(row.volume, 3),
        text(row.volumeCpu, 3),
      ]),
    ],
    [0],
  );
  const groups = rows
    .filter(({ cpuHost }) => !Number.isNaN(cpuHost))
    // of the container processor time, which holds still on a shared machine
    .map((row) => ({ name: row.name, values: [1, row.cpuRatio, row.machine / row.host] }));
  const places = ['the host', 'a container', `a machine (${accelerator || 'none'})`];
  writeFileSync(new URL('../docs/native.svg', import.meta.url), bars(places, groups));
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ accelerator, rows }, null, 2)}\n`);
}
