// npm run bench:registry: pulls and pushes of Berth beside dockerd and podman, from and to Debian's docker-registry on this machine.
// Prints medians, ratios, the memory that the daemon took, and the share of the floor: inflating, hashing and writing the
// files with all processors and nothing else. It never fails on a number.
//   --dockerd PATH   the dockerd to compare with   --rounds N   (default 3)   --only big|many|huge   --json FILE
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { findProgram } from '../src/host/find.ts';
import { type Engine, residentBytes, startBerth, startDockerd } from './engines.ts';
import { images, type Layout } from './image-data.ts';
import { printTable } from './table.ts';

const { values } = parseArgs({
  options: {
    dockerd: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string' },
    json: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
const SOURCE_PORT = 5999;
const TARGET_PORT = 5998;
const folder = mkdtempSync('/tmp/berth-bench-registry-');

interface Row {
  readonly name: string;
  readonly berth: number;
  readonly dockerd: number | undefined;
  readonly podman: number | undefined;
  /** Share of the floor that Berth reaches. */
  readonly floor: number | undefined;
  /** Growth of the daemon's memory, MB. */
  readonly memory: number | undefined;
}

/** A registry on the loopback; `data` is what it serves and keeps. */
async function registry(port: number, data: string): Promise<AsyncDisposable> {
  mkdirSync(data, { recursive: true });
  const config = `${data}.yml`;
  writeFileSync(
    config,
    `version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: ${data}}}\nhttp: {addr: 127.0.0.1:${port}, secret: x}\n`,
  );
  const log = openSync(`${data}.log`, 'a');
  const child = spawn('docker-registry', ['serve', config], { stdio: ['ignore', log, log] });
  for (let attempt = 0; attempt < 100; attempt += 1) {
    try {
      execFileSync('curl', ['-sf', `http://127.0.0.1:${port}/v2/`], { stdio: 'ignore' });
      break;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  return {
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
      rmSync(data, { recursive: true, force: true });
    },
  };
}

interface Puller {
  readonly name: 'berth' | 'dockerd' | 'podman';
  readonly engine?: Engine;
  run(...args: string[]): void;
}

const quiet = { stdio: ['ignore', 'ignore', 'inherit'] as ['ignore', 'ignore', 'inherit'] };

function dockerOf(name: 'berth' | 'dockerd', engine: Engine): Puller {
  return { name, engine, run: (...args) => void execFileSync('docker', ['-H', engine.host, ...args], quiet) };
}

function podman(): Puller | undefined {
  const program = findProgram('podman');
  if (program === undefined) return undefined;
  const own = [
    '--root',
    join(folder, 'podman'),
    '--runroot',
    join(folder, 'podman-run'),
    '--storage-driver',
    'overlay',
  ];
  return {
    name: 'podman',
    run: (verb, ...args) => {
      const tls = verb === 'pull' || verb === 'push' ? ['--tls-verify=false'] : [];
      execFileSync(program, [...own, verb ?? '', ...tls, ...args.filter((one) => one !== '-q')], { stdio: 'ignore' });
    },
  };
}

/** Milliseconds; the disk is quiet before. */
function timed(work: () => void): number {
  execFileSync('sync');
  const begin = performance.now();
  work();
  return performance.now() - begin;
}

function median(values_: readonly number[]): number {
  return values_.toSorted((a, b) => a - b)[Math.floor(values_.length / 2)] ?? Number.NaN;
}

/** What nobody can do without: inflate, hash both forms, make the files; spread over all processors. */
function floorOf(layout: Layout): number {
  let total = 0;
  const work = join(folder, 'floor');
  for (const { digest } of layout.layers) {
    const packed = readFileSync(join(layout.folder, 'blobs/sha256', digest.slice(7)));
    rmSync(work, { recursive: true, force: true });
    mkdirSync(work, { recursive: true });
    const begin = performance.now();
    const plain = gunzipSync(packed);
    createHash('sha256').update(packed).digest();
    createHash('sha256').update(plain).digest();
    total += performance.now() - begin;
    // the program's start is not part of it
    writeFileSync(join(folder, 'plain.tar'), plain);
    const empty = timed(() => execFileSync('tar', ['--version'], { stdio: 'ignore' }));
    total += timed(() => execFileSync('tar', ['-xf', join(folder, 'plain.tar'), '-C', work])) - empty;
  }
  rmSync(work, { recursive: true, force: true });
  return total / cpus().length;
}

/** The most that a daemon's memory grew while it worked. The work blocks this process, so that another one looks. */
function memoryDuring(engine: Engine | undefined, work: () => void): number | undefined {
  const pid = engine?.pids()[0];
  if (pid === undefined) {
    work();
    return undefined;
  }
  const before = residentBytes(pid);
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
  work();
  const peak = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  return Math.max(0, peak - before) / 1e6;
}

const data = images();
const all = [data.big, data.many, data.huge].filter(({ name }) => values.only === undefined || values.only === name);
const rows: Row[] = [];
{
  await using _source = await registry(SOURCE_PORT, join(folder, 'source'));
  await using berth = await startBerth();
  await using dockerd = await startDockerd(values.dockerd);
  const third = podman();
  const pullers = [
    dockerOf('berth', berth),
    ...(dockerd ? [dockerOf('dockerd', dockerd)] : []),
    ...(third ? [third] : []),
  ];
  for (const layout of all) {
    const source = `127.0.0.1:${SOURCE_PORT}/${layout.name}:1`;
    execFileSync('skopeo', ['copy', '-q', '--dest-tls-verify=false', `oci:${layout.folder}:x`, `docker://${source}`]);
    const times: Record<string, number[]> = {};
    let memory = 0;
    for (let round = 0; round < rounds; round += 1)
      for (const puller of pullers) {
        const grown = memoryDuring(puller.engine, () => {
          (times[puller.name] ??= []).push(timed(() => puller.run('pull', '-q', source)));
        });
        if (puller.name === 'berth') memory = Math.max(memory, grown ?? 0);
        if (round < rounds - 1) puller.run('rmi', '-f', source);
      }
    const of = (name: string): number | undefined => (times[name] ? median(times[name]) : undefined);
    const megabytes = layout.layers.reduce((sum, { plainSize }) => sum + plainSize, 0) / 1e6;
    const what = `${megabytes.toFixed(0)} MB in ${layout.layers.length} layer${layout.layers.length === 1 ? '' : 's'}`;
    rows.push({
      name: `pull ${what}`,
      berth: of('berth') ?? Number.NaN,
      dockerd: of('dockerd'),
      podman: of('podman'),
      floor: floorOf(layout) / (of('berth') ?? Number.NaN),
      memory,
    });
    const pushed: Record<string, number> = {};
    let pushMemory: number | undefined;
    for (const puller of pullers) {
      // each to an empty registry of its own, so that nothing is there already
      await using _target = await registry(TARGET_PORT, join(folder, `target-${layout.name}-${puller.name}`));
      const target = `127.0.0.1:${TARGET_PORT}/${layout.name}:1`;
      puller.run('tag', source, target);
      const grown = memoryDuring(puller.engine, () => {
        pushed[puller.name] = timed(() => puller.run('push', '-q', target));
      });
      if (puller.name === 'berth') pushMemory = grown;
      puller.run('rmi', '-f', target, source);
    }
    rows.push({
      name: `push ${what}`,
      berth: pushed['berth'] ?? Number.NaN,
      dockerd: pushed['dockerd'],
      podman: pushed['podman'],
      floor: undefined,
      memory: pushMemory,
    });
  }
}
rmSync(folder, { recursive: true, force: true });
report();

function report(): void {
  const seconds = (value: number | undefined): string => (value === undefined ? '-' : (value / 1000).toFixed(2));
  const table = [
    ['case', 'berth s', 'dockerd s', 'podman s', 'ratio to the better', 'target', 'share of the floor', 'memory +MB'],
  ];
  for (const row of rows) {
    const better = Math.min(row.dockerd ?? Number.POSITIVE_INFINITY, row.podman ?? Number.POSITIVE_INFINITY);
    const ratio = Number.isFinite(better) ? row.berth / better : undefined;
    table.push([
      row.name,
      seconds(row.berth),
      seconds(row.dockerd),
      seconds(row.podman),
      ratio?.toFixed(2) ?? '-',
      `<= 0.7${ratio !== undefined && ratio > 0.7 ? ' missed' : ''}`,
      row.floor === undefined ? '' : `${(row.floor * 100).toFixed(0)} %`,
      row.memory?.toFixed(0) ?? '-',
    ]);
  }
  console.log(`\n${cpus().length} processors, Node ${process.versions.node}, ${rounds} rounds, medians\n`);
  printTable(table, [0]);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);
}
