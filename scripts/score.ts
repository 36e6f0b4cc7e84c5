// Holds the daemon against a baseline: `node scripts/score.ts SCORER [--write]`, where SCORER measures a daemon from outside.
// SCORER takes --host, --cli, --api, --match and --json FILE, into which it writes { rows: [{ id, result, reason? }] }.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';

const APIS = ['1.41', '1.51', '1.55'] as const;
/** So many lost rows are tried a second time, one by one; more than that is no accident. */
const SECOND_CHANCES = 20;

type Api = (typeof APIS)[number];

interface Row {
  readonly id: string;
  /** passed, failed, blocked (can't be tried on this machine), ... */
  readonly result: string;
  readonly reason?: string;
}

type Rows = ReadonlyMap<string, Row>;

/** Ids of the rows that pass: under `all` those of every API version, under a version what else passes there. */
interface Baseline extends Readonly<Record<'all' | Api, readonly string[]>> {
  /** Why rows fail, by how their ids begin. */
  readonly failing: Readonly<Record<string, string>>;
}

const root = dirname(import.meta.dirname);
const baselineFile = join(root, 'test/score-baseline.json');
const scorer = process.argv[2];
const write = process.argv[3] === '--write';
if (scorer === undefined) {
  process.stderr.write('Usage: node scripts/score.ts SCORER [--write]\n');
  process.exit(2);
}
// What users run is what counts.
process.env['BERTH_TEST_ENTRY'] ??= join(root, 'dist/berth.cjs');
const { TestDaemon } = await import('../test/support/daemon.ts');

/** Who is stopped leaves nothing behind either: the scorers end, and then their daemons with all that they have. */
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => stop.abort(new Error(`stopped by ${signal}`)));

const folder = mkdtempSync(join(tmpdir(), 'berth-score-'));
try {
  process.exitCode = await (write ? writeBaseline() : compare());
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function compare(): Promise<number> {
  if (!existsSync(baselineFile)) {
    process.stdout.write(`score: skipped, there is no ${relative(root, baselineFile)}; --write makes it\n`);
    return 0;
  }
  const baseline = JSON.parse(readFileSync(baselineFile, 'utf8')) as Baseline;
  const lost: string[] = [];
  const seen = await scores();
  await withDaemon(async (host) => {
    for (const [api, rows] of seen) {
      const wanted = new Set([...baseline.all, ...baseline[api]]);
      const missing = [...wanted].filter((id) => !['passed', 'blocked'].includes(rows.get(id)?.result ?? 'absent'));
      for (const [index, id] of missing.entries()) {
        const again =
          index < SECOND_CHANCES && missing.length <= SECOND_CHANCES ? await score(host, api, id) : undefined;
        const row = again?.rows.get(id) ?? rows.get(id);
        if (row?.result !== 'passed') lost.push(`${api}  ${id}: ${row?.reason ?? 'was not run'}`);
        else process.stdout.write(`score: ${id} passed at the second try\n`);
      }
      const failed = [...rows.values()].filter(({ id, result }) => result === 'failed' && !wanted.has(id));
      const passed = [...rows.values()].filter(({ result }) => result === 'passed').length;
      const share = ((100 * passed) / (passed + failed.length + missing.length)).toFixed(2);
      process.stdout.write(`score: ${share} % of the rows pass for ${api}\n`);
      const named = Object.keys(baseline.failing);
      for (const { id, reason } of failed)
        if (!named.some((start) => id.startsWith(start)))
          process.stdout.write(`score: fails for ${api} without a reason in the baseline: ${id}: ${reason ?? ''}\n`);
      const gained = [...rows.values()].filter(({ id, result }) => result === 'passed' && !wanted.has(id)).length;
      if (gained > 0) process.stdout.write(`score: ${gained} rows pass that are not in the baseline for ${api}\n`);
    }
  });
  for (const line of lost) process.stdout.write(`lost: ${line}\n`);
  process.stdout.write(`score: ${lost.length === 0 ? 'no row was lost' : `${lost.length} rows were lost`}\n`);
  return lost.length === 0 ? 0 : 1;
}

async function writeBaseline(): Promise<number> {
  const passed = new Map<Api, Set<string>>();
  for (const [api, rows] of await scores())
    passed.set(api, new Set([...rows.values()].filter(({ result }) => result === 'passed').map(({ id }) => id)));
  const all = [...(passed.get(APIS[0]) ?? [])].filter((id) => APIS.every((api) => passed.get(api)?.has(id)));
  const rest = (api: Api): string[] => [...(passed.get(api) ?? [])].filter((id) => !all.includes(id)).sort();
  const { failing } = JSON.parse(readFileSync(baselineFile, 'utf8')) as Baseline;
  const baseline: Baseline = {
    all: all.sort(),
    '1.41': rest('1.41'),
    '1.51': rest('1.51'),
    '1.55': rest('1.55'),
    failing,
  };
  writeFileSync(baselineFile, `${JSON.stringify(baseline, undefined, 1)}\n`);
  process.stdout.write(
    `score: ${relative(root, baselineFile)} has ${all.length} rows that pass for every API version\n`,
  );
  return 0;
}

async function withDaemon(work: (host: string) => Promise<void>): Promise<void> {
  await using daemon = await TestDaemon.start();
  await work(daemon.host);
}

/** Every row for every API version, each from a daemon of its own at the same time: a run waits for most of its time. */
async function scores(): Promise<[Api, Rows][]> {
  const settled = await Promise.allSettled(
    APIS.map(async (api): Promise<[Api, Rows]> => {
      let rows: Rows = new Map();
      await withDaemon(async (host) => {
        const scored = await score(host, api);
        process.stdout.write(scored.text);
        rows = scored.rows;
      });
      return [api, rows];
    }),
  );
  return settled.map((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value;
  });
}

/** Every row, or those whose id contains `match`. Throws when the scorer itself broke. */
async function score(host: string, api: Api, match?: string): Promise<{ rows: Rows; text: string }> {
  const file = join(folder, `rows-${api}.json`);
  rmSync(file, { force: true });
  const args = ['--host', host, '--cli', join(root, 'berth'), '--api', api, '--json', file];
  const child = spawn(process.execPath, [scorer ?? '', ...args, ...(match === undefined ? [] : ['--match', match])], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  stop.signal.addEventListener('abort', () => child.kill());
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  stop.signal.throwIfAborted();
  if (code !== 0 || !existsSync(file)) throw new Error(`${text}\nthe scorer ended with exit code ${code}`);
  const { rows } = JSON.parse(readFileSync(file, 'utf8')) as { rows: readonly Row[] };
  return { rows: new Map(rows.map((row) => [row.id, row])), text };
}
