// npm run bench:archive: load and save of Berth beside dockerd, with an archive as `docker save` writes it. Prints medians, ratios,
// the share of the floor (hashing the archive and making its files, with nothing else) and the memory that the daemon took. It
// never fails on a number.
//   --dockerd PATH   the dockerd to compare with   --rounds N   (default 3)
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Engine, residentBytes, startBerth, startDockerd } from './engines.ts';
import { images } from './image-data.ts';

const { values } = parseArgs({ options: { dockerd: { type: 'string' }, rounds: { type: 'string', default: '3' } } });
const folder = mkdtempSync('/tmp/berth-bench-archive-');
const archive = join(folder, 'big.tar');
const NAME = 'bench/big:1';

/** Milliseconds; the disk is quiet before. */
function timed(work: () => void): number {
  execFileSync('sync');
  const begin = performance.now();
  work();
  return performance.now() - begin;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

function docker(engine: Engine, ...args: string[]): void {
  execFileSync('docker', ['-H', engine.host, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
}

function peak(engine: Engine): number {
  const pid = engine.pids()[0] ?? 0;
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
}

/** What nobody can do without: every byte hashed once, every file made. */
function floor(): number {
  const outer = join(folder, 'outer');
  mkdirSync(outer);
  execFileSync('tar', ['-xf', archive, '-C', outer]);
  const manifest = JSON.parse(readFileSync(join(outer, 'manifest.json'), 'utf8')) as { Layers: string[] }[];
  const work = join(folder, 'files');
  let total = 0;
  for (const layer of manifest[0]?.Layers ?? []) {
    const bytes = readFileSync(join(outer, layer));
    const begin = performance.now();
    createHash('sha256').update(bytes).digest();
    total += performance.now() - begin;
    rmSync(work, { recursive: true, force: true });
    mkdirSync(work);
    total += timed(() => execFileSync('tar', ['-xf', join(outer, layer), '-C', work]));
  }
  return total;
}

{
  const { big } = images();
  execFileSync('skopeo', ['copy', '-q', `oci:${big.folder}:x`, `docker-archive:${archive}:${NAME}`]);
  await using berth = await startBerth();
  await using dockerd = await startDockerd(values.dockerd);
  const engines = { berth, ...(dockerd ? { dockerd } : {}) };
  const times = new Map<string, number[]>();
  const note = (key: string, work: () => void): void => {
    times.set(key, [...(times.get(key) ?? []), timed(work)]);
  };
  const before = residentBytes(berth.pids()[0] ?? 0);
  for (let round = 0; round < Number(values.rounds); round += 1)
    for (const [name, engine] of Object.entries(engines)) {
      note(`load ${name}`, () => docker(engine, 'load', '-q', '-i', archive));
      note(`save ${name}`, () => docker(engine, 'save', '-o', join(folder, 'out.tar'), NAME));
      docker(engine, 'rmi', '-f', NAME);
    }
  const grown = (peak(berth) - before) / 1e6;
  const size = (statSync(archive).size / 1e6).toFixed(0);
  const least = floor();
  const lines = ['load', 'save'].map((what) => {
    const [own, other] = ['berth', 'dockerd'].map((name) => median(times.get(`${what} ${name}`) ?? []));
    const share = what === 'load' ? `${((100 * least) / (own ?? 1)).toFixed(0)} %` : '-';
    const numbers = [own, other].map((ms) => ((ms ?? Number.NaN) / 1000).toFixed(2));
    return `| ${what} ${size} MB | ${numbers.join(' | ')} | ${((own ?? 0) / (other ?? 1)).toFixed(2)} | <= 1 | ${share} | ${grown.toFixed(0)} |`;
  });
  const table = ['| case | berth s | dockerd s | ratio | to reach | share of the floor | memory +MB |', ...lines].join(
    '\n',
  );
  writeFileSync(1, `${table}\n`);
}
rmSync(folder, { recursive: true, force: true });
