// npm run bench:guard -- --against CHECKOUT: this checkout beside another one that is built too, in processor time of the daemon
// and all that it starts, over the hot paths, A B A B. Prints what became slower by more than 10 %; it never fails on a number.
//   --rounds N (default 8)   --only WORD   --json FILE   --times N   so many times the work in each turn
//   --profile DIRECTORY   V8's profiles of both daemons, DIRECTORY/new and DIRECTORY/base
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { residentBytes } from './engines.ts';
import { HOT_PATHS } from './hot-paths.ts';
import { median } from './measure.ts';
import { openSide } from './side.ts';
import { printTable } from './table.ts';

const SLOWER = 1.1;
/** Turns that do not count: code that is compiled, caches that are filled. */
const WARM = 3;

const { values } = parseArgs({
  options: {
    against: { type: 'string' },
    rounds: { type: 'string', default: '8' },
    times: { type: 'string', default: '1' },
    only: { type: 'string' },
    json: { type: 'string' },
    profile: { type: 'string' },
  },
});
const { against, profile } = values;
if (against === undefined || !existsSync(join(against, 'dist', 'berth.cjs')))
  throw new Error('--against CHECKOUT: a checkout of the commit to compare with, after `npm run build` in it');

/** Milliseconds of processor time of the daemon's own threads, to 10 ms. */
function ownTime(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

const checkout = new URL('..', import.meta.url).pathname;
await using mine = await openSide('new', checkout, profile && join(profile, 'new'));
await using theirs = await openSide('base', against, profile && join(profile, 'base'));
const sides = { base: theirs, mine };
const names = ['base', 'mine'] as const;

const seed = await image();
for (const name of names) await sides[name].api.call('POST', '/images/load?quiet=1', seed);
await pause(8000);
const memory = { base: residentBytes(theirs.pid) / 1e6, mine: residentBytes(mine.pid) / 1e6 };

interface Row {
  readonly name: string;
  readonly base: number;
  readonly mine: number;
  readonly daemon: { readonly base: number; readonly mine: number };
  readonly wall: { readonly base: number; readonly mine: number };
}
const rows: Row[] = [];

for (const path of HOT_PATHS) {
  if (values.only !== undefined && !path.name.includes(values.only)) continue;
  for (const name of names) await path.prepare?.(sides[name].api);
  const count = path.count * Number(values.times);
  const cost: Record<(typeof names)[number], number[]> = { base: [], mine: [] };
  const wall: Record<(typeof names)[number], number[]> = { base: [], mine: [] };
  const own = { base: 0, mine: 0 };
  const rounds = Number(values.rounds);
  for (let round = -WARM; round < rounds; round += 1) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const { api, meter, pid } = sides[name];
      const [before, ownBefore, begin] = [meter.used(), ownTime(pid), performance.now()];
      for (let index = 0; index < count; index += 1) await path.once(api);
      const took = performance.now() - begin;
      // what is tidied up after the answer belongs to the work
      await pause(50);
      if (round < 0) continue;
      wall[name].push(took / count);
      cost[name].push((meter.used() - before) / count);
      own[name] += (ownTime(pid) - ownBefore) / count / rounds;
    }
  }
  rows.push({
    name: path.name,
    base: median(cost.base),
    mine: median(cost.mine),
    daemon: own,
    wall: { base: median(wall.base), mine: median(wall.mine) },
  });
  // on a busy machine all of them take minutes
  console.error(`${path.name}: ${(median(cost.mine) / median(cost.base)).toFixed(2)}`);
}

const ms = (value: number): string => value.toFixed(value < 10 ? 2 : 1);
const ratio = (one: { base: number; mine: number }): string => (one.mine / one.base).toFixed(2);
console.log(`\nmilliseconds of processor time, medians of ${values.rounds} rounds; base is ${against}\n`);
printTable(
  [
    ['path', 'base', 'this', 'ratio', 'daemon base', 'this', 'ratio', 'wall base', 'this', 'ratio'],
    ...rows.map((row) => [
      row.name,
      ms(row.base),
      ms(row.mine),
      ratio(row),
      ms(row.daemon.base),
      ms(row.daemon.mine),
      ratio(row.daemon),
      ms(row.wall.base),
      ms(row.wall.mine),
      ratio(row.wall),
    ]),
  ],
  [0],
);
console.log(`\nidle daemon, MB resident: ${memory.base.toFixed(1)} and ${memory.mine.toFixed(1)}`);
const slower = rows.filter((row) => row.mine > row.base * SLOWER);
console.log(
  slower.length === 0
    ? 'nothing is slower by more than 10 %'
    : slower.map((row) => `slower: ${row.name}, ${ratio(row)}`).join('\n'),
);
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ memory, rows }, null, 2)}\n`);

/** The image that all paths use, made once. */
async function image(): Promise<Buffer> {
  const client = join(checkout, 'berth');
  const host = ['-H', `unix://${mine.api.socket}`];
  execFileSync(client, [...host, 'image', 'bootstrap', 'busybox'], { stdio: 'ignore' });
  return await mine.api.call('GET', '/images/busybox/get');
}
