// npm run bench: Berth beside dockerd (and podman where it is installed) in one run. Prints medians and ratios as a table and,
// with --json FILE, as JSON. It never fails on a number: what is to be reached stands in docs/performance.md.
//   --dockerd PATH   the dockerd to compare with (default: the installed one)   --rounds N   (default 15)   --only WORD
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { findProgram } from '../src/host/find.ts';
import { type Engine, processesNamed, residentBytes, startBerth, startDockerd } from './engines.ts';
import { allOf, type Command, inTurn, timeOf } from './measure.ts';
import { printTable } from './table.ts';

const BERTH = new URL('../berth', import.meta.url).pathname;

interface Row {
  readonly name: string;
  readonly unit: 'ms' | 'MB';
  readonly berth: number;
  readonly dockerd: number | undefined;
  readonly podman?: number;
  /** What the ratio should not be above. */
  readonly target?: number;
}

const { values } = parseArgs({
  options: {
    dockerd: { type: 'string' },
    rounds: { type: 'string', default: '15' },
    json: { type: 'string' },
    only: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
const rows: Row[] = [];
const wants = (name: string): boolean => values.only === undefined || name.includes(values.only);

const docker = (engine: Engine, ...args: string[]): Command => ({ file: 'docker', args: ['-H', engine.host, ...args] });
const own = (engine: Engine, ...args: string[]): Command => ({ file: BERTH, args: ['-H', engine.host, ...args] });
/** Debian's crun, podman's default, refuses mixed control groups; without CAP_SYS_RESOURCE its own limits cannot be set. */
const PODMAN_RUN = [
  '--runtime',
  'runc',
  'run',
  '--rm',
  '--ulimit',
  'nofile=1024:1024',
  '--ulimit',
  'nproc=1024:1024',
  '--network',
  'none',
  'busybox',
  'true',
];
const RUN = ['run', '--rm', '--network', 'none', 'busybox', 'true'];

await using berth = await startBerth();
await using dockerd = await startDockerd(values.dockerd);
execFileSync(BERTH, ['-H', berth.host, 'image', 'bootstrap', 'busybox'], { stdio: 'ignore' });
const image = execFileSync('docker', ['-H', berth.host, 'save', 'busybox'], { maxBuffer: 64 * 1024 * 1024 });
const engines = dockerd ? [berth, dockerd] : [berth];
if (dockerd)
  execFileSync('docker', ['-H', dockerd.host, 'load'], { input: image, stdio: ['pipe', 'ignore', 'inherit'] });
const podman = preparePodman(image);

await settled();
idleMemory();
await timings();
await manyStarts();
report();

function preparePodman(archive: Buffer): string | undefined {
  const program = findProgram('podman');
  if (program === undefined) return undefined;
  try {
    execFileSync(program, ['load'], { input: archive, stdio: ['pipe', 'ignore', 'ignore'] });
    execFileSync(program, PODMAN_RUN, { stdio: 'ignore' });
    return program;
  } catch {
    return undefined;
  }
}

/** Idle means that nothing was asked for a while: every engine gets the same time to give memory back. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 6000));
}

function idleMemory(): void {
  if (!wants('memory')) return;
  const sum = (engine: Engine): number => engine.pids().reduce((total, pid) => total + residentBytes(pid), 0) / 1e6;
  rows.push({
    name: 'memory of the idle daemon',
    unit: 'MB',
    berth: sum(berth),
    dockerd: dockerd && sum(dockerd),
    target: 0.75,
  });
}

async function timings(): Promise<void> {
  const compare = async (
    name: string,
    target: number | undefined,
    commands: { berth: Command; dockerd?: Command | undefined; podman?: Command | undefined },
  ): Promise<void> => {
    if (!wants(name)) return;
    const { dockerd: other, podman: third, berth: mine } = commands;
    const medians = await inTurn(
      { berth: mine, ...(other ? { dockerd: other } : {}), ...(third ? { podman: third } : {}) },
      rounds,
    );
    rows.push({
      name,
      unit: 'ms',
      berth: medians['berth'] ?? Number.NaN,
      dockerd: medians['dockerd'],
      ...(medians['podman'] === undefined ? {} : { podman: medians['podman'] }),
      ...(target === undefined ? {} : { target }),
    });
  };
  const podmanRun = podman === undefined ? undefined : { file: podman, args: PODMAN_RUN };
  await compare('run --rm busybox true, docker CLI', 0.5, {
    berth: docker(berth, ...RUN),
    dockerd: dockerd && docker(dockerd, ...RUN),
    podman: podmanRun,
  });
  await compare('run --rm busybox true, own CLI', 0.75, {
    berth: own(berth, ...RUN),
    dockerd: dockerd && docker(dockerd, ...RUN),
  });
  for (const engine of engines)
    execFileSync(
      'docker',
      ['-H', engine.host, 'run', '-d', '--name', 'idle', '--network', 'none', 'busybox', 'sleep', '100000'],
      { stdio: 'ignore' },
    );
  await compare('exec true, docker CLI', undefined, {
    berth: docker(berth, 'exec', 'idle', 'true'),
    dockerd: dockerd && docker(dockerd, 'exec', 'idle', 'true'),
  });
  await compare('exec true, own CLI', 1, {
    berth: own(berth, 'exec', 'idle', 'true'),
    dockerd: dockerd && docker(dockerd, 'exec', 'idle', 'true'),
  });
  await compare('CLI start: version --client', undefined, {
    berth: { file: BERTH, args: ['version', '--client'] },
    dockerd: { file: 'docker', args: ['version', '--format', '{{.Client.Version}}', '--help'] },
  });
  for (const engine of engines) execFileSync('docker', ['-H', engine.host, 'rm', '-f', 'idle'], { stdio: 'ignore' });
}

async function manyStarts(): Promise<void> {
  if (!wants('starts') && !wants('ps') && !wants('container')) return;
  const results = new Map<Engine, { starts: number; perContainer: number; daemon: number }>();
  for (const engine of engines) {
    const starts = await allOf(50, 8, (index) =>
      timeOf(docker(engine, 'run', '-d', '--name', `many${index}`, '--network', 'none', 'busybox', 'sleep', '100000')),
    );
    await settled();
    const monitors = processesNamed(engine.monitorName, engine.folder);
    results.set(engine, {
      starts,
      perContainer: monitors.reduce((total, pid) => total + residentBytes(pid), 0) / 1e6 / 50,
      daemon: engine.pids().reduce((total, pid) => total + residentBytes(pid), 0) / 1e6,
    });
  }
  const mine = results.get(berth);
  const other = dockerd && results.get(dockerd);
  rows.push({
    name: '50 detached starts, 8 at a time',
    unit: 'ms',
    berth: mine?.starts ?? Number.NaN,
    dockerd: other?.starts,
    target: 0.5,
  });
  const medians = await inTurn(
    { berth: docker(berth, 'ps'), ...(dockerd ? { dockerd: docker(dockerd, 'ps') } : {}) },
    rounds,
  );
  rows.push({
    name: 'ps with 50 containers, docker CLI',
    unit: 'ms',
    berth: medians['berth'] ?? Number.NaN,
    dockerd: medians['dockerd'],
  });
  const ownPs = await inTurn(
    { berth: own(berth, 'ps'), ...(dockerd ? { dockerd: docker(dockerd, 'ps') } : {}) },
    rounds,
  );
  rows.push({
    name: 'ps with 50 containers, own CLI',
    unit: 'ms',
    berth: ownPs['berth'] ?? Number.NaN,
    dockerd: ownPs['dockerd'],
  });
  rows.push({
    name: 'memory of an idle container (its monitor)',
    unit: 'MB',
    berth: mine?.perContainer ?? Number.NaN,
    dockerd: other?.perContainer,
    target: 0.2,
  });
  rows.push({
    name: 'memory of the daemon with 50 containers',
    unit: 'MB',
    berth: mine?.daemon ?? Number.NaN,
    dockerd: other?.daemon,
    target: 0.75,
  });
  for (const engine of engines) {
    const names = Array.from({ length: 50 }, (_, index) => `many${index}`);
    execFileSync('docker', ['-H', engine.host, 'rm', '-f', ...names], { stdio: 'ignore' });
  }
}

function report(): void {
  const number = (value: number | undefined): string => (value === undefined ? '-' : value.toFixed(1));
  console.log(
    `\n${cpus().length} processors, Node ${process.versions.node}, ${rounds} rounds, medians${dockerd ? `, dockerd ${execFileSync('docker', ['-H', dockerd.host, 'version', '--format', '{{.Server.Version}}'], { encoding: 'utf8' }).trim()}` : ', no dockerd found'}\n`,
  );
  const table = [['case', '', 'berth', 'dockerd', 'ratio', 'target', 'podman']];
  for (const row of rows) {
    const ratio = row.dockerd === undefined ? undefined : row.berth / row.dockerd;
    table.push([
      row.name,
      row.unit,
      number(row.berth),
      number(row.dockerd),
      ratio?.toFixed(2) ?? '-',
      row.target === undefined ? '' : `<= ${row.target}${ratio !== undefined && ratio > row.target ? '  missed' : ''}`,
      number(row.podman),
    ]);
  }
  printTable(table, [0, 1, 5]);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);
}
