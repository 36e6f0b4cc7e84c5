// Builds Dockerfiles made by chance with Berth and with a dockerd, and compares the images: `npm run fuzz -- --help` says how.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { parseArgs, promisify } from 'node:util';
import { type DockerfileCase, dockerfileCase, dockerfileText, linksCase } from './dockerfile.ts';
import { ignoreCase } from './ignore.ts';
import { type FuzzFile, packFiles, writeFiles } from './files.ts';
import { type ImageTree, readImage } from './image.ts';
import { Random } from './random.ts';

const run = promisify(execFile);

const HELP = `npm run fuzz -- SUBJECT --dockerd unix://PATH --berth unix://PATH [options]

Subjects: dockerfile, ignore, links. Both daemons need an image "busybox", the same one.

  --seconds N     how long new cases are made (60)
  --seed N        the first seed; each case has the next one (the time)
  --count N       at most so many cases
  --client NAME   docker, classic or berth: who builds on Berth; the other side has docker, or classic for classic (docker)
  --docker PATH   the docker client (docker)
  --save DIR      where cases that differ are kept, made small ("fuzz-failures" in the directory for temporary files)
`;

const SUBJECTS: Readonly<Record<string, (random: Random) => DockerfileCase>> = {
  dockerfile: dockerfileCase,
  ignore: ignoreCase,
  links: linksCase,
};

/** Attempts to make a case that differs smaller. */
const MAX_SHRINKS = 40;
/** Cases of one kind of difference that are made smaller and shown. */
const MAX_SHOWN = 2;

/** What Berth refuses and dockerd does not, since files would be lost. */
const MEANT = /with more than one source file, the destination must be a directory/;

type Built = { readonly error: string } | { readonly image: ImageTree };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    dockerd: { type: 'string' },
    berth: { type: 'string' },
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 1e9) },
    count: { type: 'string', default: '1e9' },
    client: { type: 'string', default: 'docker' },
    docker: { type: 'string', default: 'docker' },
    save: { type: 'string', default: join(tmpdir(), 'fuzz-failures') },
    help: { type: 'boolean', default: false },
  },
});
const make = SUBJECTS[positionals[0] ?? 'dockerfile'];
const { dockerd, berth, client } = values;
if (values.help || !make || dockerd === undefined || berth === undefined) {
  process.stdout.write(HELP);
  process.exit(values.help ? 0 : 2);
}

const folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
const known = new Map<string, number>();
const seen = new Map<string, number>();
try {
  await fuzz(make, { berth, dockerd });
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function fuzz(
  made: (random: Random) => DockerfileCase,
  hosts: { readonly berth: string; readonly dockerd: string },
): Promise<void> {
  const end = Date.now() + Number(values.seconds) * 1000;
  const counts = { cases: 0, same: 0, refused: 0, differing: 0 };
  for (let seed = Number(values.seed); Date.now() < end && counts.cases < Number(values.count); seed += 1) {
    const one = made(new Random(seed));
    const found = await compare(one, hosts);
    counts.cases += 1;
    if (found.differences.length === 0) {
      counts[found.refused ? 'refused' : 'same'] += 1;
      continue;
    }
    counts.differing += 1;
    // a few of a kind tell as much as all
    const kind = kindOf(found.differences[0] ?? '');
    if ((seen.get(kind) ?? 0) >= MAX_SHOWN) {
      known.set(kind, (known.get(kind) ?? 0) + 1);
      continue;
    }
    seen.set(kind, (seen.get(kind) ?? 0) + 1);
    const small = await shrink(one, found.differences, hosts);
    report(seed, small.case, small.differences);
  }
  process.stdout.write(
    `${counts.cases} cases: ${counts.same} the same, ${counts.refused} refused by both, ${counts.differing} differ\n`,
  );
  for (const [kind, count] of [...known].sort((a, b) => b[1] - a[1])) process.stdout.write(`${count}\t${kind}\n`);
  process.exitCode = counts.differing > 0 ? 1 : 0;
}

function report(seed: number, one: DockerfileCase, differences: readonly string[]): void {
  const kind = kindOf(differences[0] ?? '');
  known.set(kind, (known.get(kind) ?? 0) + 1);
  const shown = [
    `seed ${seed}: ${kind}`,
    ...one.lines.map((line) => `    ${line}`),
    ...one.ignore.map((line) => `    ignore ${line}`),
    ...(one.context.length > 0 ? ['context:', ...one.context.map(shownFile)] : []),
    ...(one.archive.length > 0 ? ['tree.tar:', ...one.archive.map(shownFile)] : []),
    ...(one.buildArgs.length > 0 ? [`build args: ${one.buildArgs.join(' ')}`] : []),
    ...differences.slice(0, 6).map((line) => `  ! ${line}`),
  ];
  process.stdout.write(`${shown.join('\n')}\n\n`);
  mkdirSync(values.save, { recursive: true });
  writeFileSync(join(values.save, `${seed}.json`), JSON.stringify({ seed, ...one, differences }, undefined, 1));
}

function shownFile({ path, type, mode, uid, gid, text }: FuzzFile): string {
  return `    ${path} ${type} ${mode.toString(8)} ${uid}:${gid}${type === 'file' || text === '' ? '' : ` -> ${text}`}`;
}

/** Without what names this case alone. */
function kindOf(difference: string): string {
  const [first = ''] = difference.split(' ', 1);
  if (!/^(berth|dockerd|config)$/.test(first)) return first;
  return difference.replaceAll(/"?\/[^ ]*/g, '/…').replaceAll(/\b[0-9a-f]{12}\b/g, '#');
}

/** Takes lines and files away while the same kind of difference stays. */
async function shrink(
  first: DockerfileCase,
  firstDifferences: readonly string[],
  hosts: { readonly berth: string; readonly dockerd: string },
): Promise<{ readonly case: DockerfileCase; readonly differences: readonly string[] }> {
  let best = { case: first, differences: firstDifferences };
  let left = MAX_SHRINKS;
  const kind = (differences: readonly string[]): string => (differences[0] ?? '').split(' ', 2).join(' ');
  for (let smaller = true; smaller && left > 0; ) {
    smaller = false;
    for (const candidate of smallerCases(best.case)) {
      if ((left -= 1) < 0) break;
      const { differences } = await compare(candidate, hosts);
      if (differences.length === 0 || kind(differences) !== kind(best.differences)) continue;
      best = { case: candidate, differences };
      smaller = true;
      break;
    }
  }
  return best;
}

function* smallerCases(one: DockerfileCase): Generator<DockerfileCase> {
  for (const key of ['lines', 'context', 'archive', 'buildArgs', 'ignore'] as const)
    for (let index = one[key].length - 1; index >= 0; index -= 1)
      yield { ...one, [key]: [...one[key].slice(0, index), ...one[key].slice(index + 1)] };
  for (const [index, line] of one.lines.entries())
    for (const flag of line.match(/ --(?!from)[^ ]+/g) ?? [])
      yield { ...one, lines: one.lines.with(index, line.replace(flag, '')) };
}

async function compare(
  one: DockerfileCase,
  hosts: { readonly berth: string; readonly dockerd: string },
): Promise<{ readonly differences: readonly string[]; readonly refused: boolean }> {
  const context = join(folder, 'context');
  writeFiles(context, one.context);
  writeFileSync(join(context, 'tree.tar'), await packFiles(one.archive));
  writeFileSync(join(context, 'Dockerfile'), dockerfileText(one));
  if (one.ignore.length > 0) writeFileSync(join(context, '.dockerignore'), `${one.ignore.join('\n')}\n`);
  // the times of what the case does not make itself are those of all cases
  await run('touch', ['-d', '@1000000000', ...['tree.tar', 'Dockerfile', '.'].map((name) => join(context, name))]);
  if (one.ignore.length > 0) await run('touch', ['-d', '@1000000000', join(context, '.dockerignore')]);
  const [here, there] = await Promise.all([
    built(hosts.berth, client, context, one.buildArgs),
    built(hosts.dockerd, client === 'classic' ? 'classic' : 'docker', context, one.buildArgs),
  ]);
  if ('error' in here && 'error' in there) return { differences: [], refused: true };
  if ('error' in here && MEANT.test(here.error)) return { differences: [], refused: true };
  if ('error' in here) return { differences: [`berth refuses: ${here.error}`], refused: false };
  if ('error' in there) return { differences: [`dockerd refuses: ${there.error}`], refused: false };
  // BuildKit does not look at --exclude where the source is a file
  if (one.lines.some((line) => line.includes('--exclude'))) return { differences: [], refused: true };
  return { differences: differencesOf(here.image, there.image), refused: false };
}

function differencesOf(here: ImageTree, there: ImageTree): string[] {
  const found: string[] = [];
  for (const path of new Set([...here.files.keys(), ...there.files.keys()])) {
    const [ours, theirs] = [here.files.get(path), there.files.get(path)];
    if (ours === undefined) found.push(`missing ${path}: ${theirs}`);
    else if (theirs === undefined) found.push(`extra ${path}: ${ours}`);
    else if (ours !== theirs) {
      const names = ['type', 'mode', 'owner', 'content', 'time', 'links', 'attributes'];
      const [a, b] = [ours.split(' '), theirs.split(' ')];
      const field = names.filter((_, index) => a[index] !== b[index]).join('+');
      found.push(`${field} ${path}: ${ours} | ${theirs}`);
    }
  }
  for (const key of new Set([...Object.keys(here.config), ...Object.keys(there.config)])) {
    const [ours, theirs] = [here.config, there.config].map((config) => normal(config[key]));
    if (ours !== theirs) found.push(`config ${key}: ${ours} | ${theirs}`);
  }
  return found;
}

/** Empty and absent are one, and keys have no order. */
function normal(value: unknown): string {
  if (value === null || value === undefined || value === '' || value === false) return '';
  if (typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return value.length === 0 ? '' : JSON.stringify(value);
  return JSON.stringify(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function built(host: string, by: string, context: string, buildArgs: readonly string[]): Promise<Built> {
  const tag = `fuzz-${process.pid}`;
  const args = ['build', '-q', '-t', tag, ...buildArgs.flatMap((one) => ['--build-arg', one]), context];
  const env = { ...process.env, DOCKER_HOST: host, DOCKER_BUILDKIT: by === 'classic' ? '0' : '1' };
  const program = by === 'berth' ? new URL('../../../berth', import.meta.url).pathname : values.docker;
  try {
    await run(program, args, { env, timeout: 60_000 });
  } catch (error) {
    const text = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
    const last = text.split('\n').findLast((line) => /^(error|err|the command)|failed/i.test(line));
    return { error: (last ?? text).trim() };
  }
  try {
    return { image: await readImage(await call(host, 'GET', `/images/${tag}/get`)) };
  } finally {
    await call(host, 'DELETE', `/images/${tag}`);
  }
}

async function call(host: string, method: string, path: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath: host.replace(/^unix:\/\//, ''), method, path }, (answer) => {
      buffer(answer).then((body) => {
        if (answer.statusCode === undefined || answer.statusCode >= 400) reject(new Error(body.toString()));
        else resolve(body);
      }, reject);
    });
    sent.once('error', reject);
    sent.end();
  });
}
