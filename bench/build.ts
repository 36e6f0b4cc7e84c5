// npm run bench:build: builds of Berth beside those of dockerd, its classic builder and BuildKit, in one run, by Docker's own client.
// It never fails on a number: what is to be reached stands in docs/performance.md.
//   --dockerd PATH   the dockerd to compare with   --docker PATH   a client of 20.10, which speaks to both builders (default: docker)
//   --rounds N (default 7)   --files N of the large context (default 50000)   --only WORD   --json FILE
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Engine, startBerth, startDockerd } from './engines.ts';
import { type Command, median, timeOf } from './measure.ts';

const BERTH = new URL('../berth', import.meta.url).pathname;
const { values } = parseArgs({
  options: {
    dockerd: { type: 'string' },
    docker: { type: 'string', default: 'docker' },
    rounds: { type: 'string', default: '7' },
    files: { type: 'string', default: '50000' },
    only: { type: 'string' },
    json: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
const wants = (name: string): boolean => values.only === undefined || name.includes(values.only);

interface Row {
  readonly name: string;
  /** Milliseconds by column. */
  readonly medians: Readonly<Record<string, number>>;
  readonly target: string;
}
const rows: Row[] = [];

const work = mkdtempSync('/tmp/berth-bench-build-');
await using berth = await startBerth();
await using dockerd = await startDockerd(values.dockerd);
execFileSync(BERTH, ['-H', berth.host, 'image', 'bootstrap', 'busybox'], { stdio: 'ignore' });
if (dockerd) {
  const image = execFileSync('docker', ['-H', berth.host, 'save', 'busybox'], { maxBuffer: 64 * 1024 * 1024 });
  execFileSync('docker', ['-H', dockerd.host, 'load'], { input: image, stdio: ['pipe', 'ignore', 'inherit'] });
}

/** By Docker's client in the way that the environment variable says. */
function build(engine: Engine, buildkit: boolean, context: string, ...args: string[]): Command {
  const environment = [`DOCKER_BUILDKIT=${buildkit ? 1 : 0}`, `DOCKER_CONFIG=${join(work, 'config')}`];
  return {
    file: 'env',
    args: [...environment, values.docker, '-H', engine.host, 'build', '-q', '--network', 'none', ...args, context],
  };
}

/** Each of the columns in turn, `warm` rounds uncounted; `before` each run is not timed. */
async function compare(
  name: string,
  target: string,
  columns: Readonly<Record<string, Command | undefined>>,
  { count = rounds, warm = 1, before = (): unknown => undefined } = {},
): Promise<void> {
  const times: Record<string, number[]> = {};
  for (let round = -warm; round < count; round += 1)
    for (const [column, command] of Object.entries(columns)) {
      if (!command) continue;
      before();
      const time = await timeOf(command);
      if (round >= 0) (times[column] ??= []).push(time);
    }
  rows.push({
    name,
    target,
    medians: Object.fromEntries(Object.entries(times).map(([column, list]) => [column, median(list)])),
  });
  process.stderr.write(`${name}: ${JSON.stringify(rows.at(-1)?.medians)}\n`);
}

const all = (context: string, ...args: string[]): Record<string, Command | undefined> => ({
  'berth, BuildKit': build(berth, true, context, ...args),
  'berth, classic': build(berth, false, context, ...args),
  'dockerd, BuildKit': dockerd && build(dockerd, true, context, ...args),
  'dockerd, classic': dockerd && build(dockerd, false, context, ...args),
});
const kits = (context: string, ...args: string[]): Record<string, Command | undefined> => ({
  'berth, BuildKit': build(berth, true, context, ...args),
  'dockerd, BuildKit': dockerd && build(dockerd, true, context, ...args),
});

const own = (context: string, ...args: string[]): Record<string, Command> => ({
  'berth, own client': { file: BERTH, args: ['-H', berth.host, 'build', '-q', '--network', 'none', ...args, context] },
});

function contextOf(name: string, dockerfile: string, files: number, size: number): string {
  const folder = join(work, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'Dockerfile'), dockerfile);
  for (let at = 0; at < files; at += 1) {
    const sub = join(folder, 'files', String(Math.floor(at / 100)));
    if (at % 100 === 0) mkdirSync(sub, { recursive: true });
    writeFileSync(join(sub, String(at)), randomBytes(size));
  }
  return folder;
}

try {
  if (wants('steps')) {
    const steps = Array.from({ length: 6 }, (_, at) => `RUN echo ${at} > /${at}`).join('\n');
    const context = contextOf('steps', `FROM busybox\nCOPY files /files\n${steps}\n`, 50, 200_000);
    await compare('8 steps, 10 MB in 50 files, no cache', '<= 0.6 of BuildKit', all(context, '--no-cache'));
    await compare('the same, all steps cached', '<= 1 of BuildKit', { ...all(context), ...own(context) });
  }
  if (wants('stages')) {
    const stages = Array.from({ length: 4 }, (_, at) => `FROM busybox AS s${at}\nRUN sleep 0.5; echo ${at} > /${at}\n`);
    const copies = stages.map((_, at) => `COPY --from=s${at} /${at} /${at}`).join('\n');
    const context = contextOf('stages', `${stages.join('')}FROM busybox\n${copies}\n`, 0, 0);
    await compare('four stages of half a second, no cache', '<= 1 of BuildKit', kits(context, '--no-cache'));
  }
  if (wants('mount')) {
    const context = contextOf('mount', 'FROM busybox\nRUN --mount=type=cache,target=/c date >> /c/log\n', 0, 0);
    await compare('RUN --mount=type=cache, no cache', '<= 0.6 of BuildKit', kits(context, '--no-cache'));
  }
  if (wants('context')) {
    const count = Number(values.files);
    // a mount wants all of the context, and copies none of it
    const dockerfile = 'FROM busybox\nRUN --mount=type=bind,target=/c cat /c/changing > /x\n';
    const context = contextOf('context', dockerfile, count, 10_000);
    const changing = join(context, 'changing');
    writeFileSync(changing, '');
    await compare(
      `context of ${(count * 10_000) / 1e6} MB in ${count} files, one changed`,
      'by the change, not by the tree',
      kits(context),
      { count: 3, before: () => appendFileSync(changing, 'x') },
    );
  }
  if (wants('copy')) {
    const count = Number(values.files);
    const context = contextOf('copy', 'FROM busybox\nCOPY files /files\n', count, 10_000);
    const name = `COPY of ${(count * 10_000) / 1e6} MB in ${count} files`;
    const columns = { ...kits(context, '--no-cache'), ...own(context, '--no-cache') };
    // once: each of them keeps what was sent, for the next build; the disk is quiet when one begins
    const once = { count: 1, warm: 0, before: () => execFileSync('sync') };
    await compare(`${name}, sent for the first time`, '<= 1 of BuildKit', columns, once);
    await compare(`${name}, no cache`, '<= 1 of BuildKit', columns, once);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}

const columns = [...new Set(rows.flatMap(({ medians }) => Object.keys(medians)))];
const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
process.stdout.write(line(['ms', ...columns, 'berth / dockerd, BuildKit', 'target']));
process.stdout.write(line(['---', ...columns.map(() => '---'), '---', '---']));
for (const { name, medians, target } of rows) {
  const mine = medians['berth, BuildKit'];
  const other = medians['dockerd, BuildKit'];
  process.stdout.write(
    line([
      name,
      ...columns.map((column) => medians[column]?.toFixed(0) ?? '-'),
      mine === undefined || other === undefined ? '-' : (mine / other).toFixed(2),
      target,
    ]),
  );
}
if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(rows, undefined, 2));
