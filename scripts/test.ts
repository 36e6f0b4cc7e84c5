// Runs tests by kind, which the file name tells: `node scripts/test.ts [unit|root|e2e|vm|all] [PART OF A FILE NAME...]`.
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { type EventData, run } from 'node:test';
import { spec } from 'node:test/reporters';

interface Kind {
  readonly name: string;
  readonly is: string;
  /** By the path below the checkout. */
  readonly has: (file: string) => boolean;
  readonly needsRoot: boolean;
  /** Files at a time: those that start daemons and virtual machines wait on each other. */
  readonly atOnce: number;
  /** What one test may take, in milliseconds. */
  readonly timeout: number;
  /** What all of the kind may take: a file that hangs outside a test is ended by it. */
  readonly budget: number;
  /** Begins first, so that it is not waited for alone at the end. */
  readonly longest?: string;
  /** Runs at the same time as the kind before it. */
  readonly beside?: boolean;
  /**
   * Files that fail run once more, alone, and what fails only at first is said, not counted: their tests wait on a kernel, on
   * packets and on programs that other tests keep busy.
   */
  readonly again?: boolean;
}

const cores = availableParallelism();
const isRoot = (file: string): boolean => file.endsWith('.root.test.ts');
const isVm = (file: string): boolean => file.endsWith('.vm.test.ts');
const isE2e = (file: string): boolean => file.startsWith('test/e2e/') && !isVm(file);

const KINDS: readonly Kind[] = [
  {
    name: 'unit',
    is: 'no root, seconds',
    has: (file) => !isRoot(file) && !isVm(file) && !isE2e(file),
    needsRoot: false,
    atOnce: cores + 1,
    timeout: 60_000,
    budget: 300_000,
  },
  {
    name: 'root',
    is: 'root, namespaces, mounts',
    has: isRoot,
    needsRoot: true,
    atOnce: cores,
    timeout: 300_000,
    budget: 600_000,
  },
  {
    name: 'e2e',
    is: 'a daemon of its own, real clients',
    has: isE2e,
    needsRoot: true,
    atOnce: 2,
    timeout: 600_000,
    budget: 1_800_000,
    longest: 'test/e2e/recipes.test.ts',
    again: true,
  },
  {
    name: 'vm',
    is: 'a machine of its own, in QEMU',
    has: isVm,
    needsRoot: true,
    atOnce: 1,
    timeout: 1_020_000,
    budget: 1_020_000,
    // a virtual machine computes with one core, the tests of e2e wait half of the time
    beside: true,
    again: true,
  },
];

interface Play {
  readonly files: readonly string[];
  readonly stream: ReturnType<typeof run>;
  /** True when the stream has ended. */
  readonly counts: Counts;
  readonly failures: Failure[];
}

interface Failure {
  readonly file: string | undefined;
  /** The test, its place, and the first lines of why. */
  readonly text: string;
}

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** Reasons for which a test may be left out; any other fails where CI is set, so that nothing is skipped in silence. */
const SKIPS: readonly RegExp[] = [
  // packages of newer distributions than the one that the tests are set up on
  /^(crane|oras) is not installed$/,
  /^docker compose 2\.40 is not on this machine/,
  /no inventory beside the repository/,
  /^the package of this distribution is /,
  /^RECIPES=all builds it$/,
  /^SAME_COMPOSE=all compares it$/,
  /^PARTITIONS=all cuts every pair$/,
  /^set-up found no Bun that works here$/,
];

/** So many files are named at the end. */
const SLOWEST = 10;
/** Where more files fail than this, none gets a second try: it is no accident. */
const SECOND_TRIES = 3;
/** So much of each failure is said again at the end. */
const FAILURE_LINES = 12;
const FAILURE_WIDTH = 300;
const root = dirname(import.meta.dirname);
const [wanted = 'all', ...parts] = process.argv.slice(2);
const kinds = KINDS.filter(({ name }) => wanted === 'all' || name === wanted);
if (kinds.length === 0) {
  process.stderr.write(
    `unknown kind of test: ${wanted}\n\n${KINDS.map(({ name, is }) => `  ${name.padEnd(6)}${is}`).join('\n')}\n  all\n`,
  );
  process.exit(2);
}

const files = globSync('{src,test,bench,scripts}/**/*.test.ts', { cwd: root })
  .filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)))
  .sort();
const total: Counts = { passed: 0, failed: 0, skipped: 0 };
const notes: string[] = [];
const failures: Failure[] = [];
/** What failed once, and not when its file ran alone. */
const once: Failure[] = [];
/** What was left out, and whether its reason is on the list. */
const skips: { text: string; known: boolean }[] = [];
/** What each file took, in milliseconds. */
const took: { file: string; ms: number }[] = [];
const plays = new Map<Kind, Play>();
let ran = 0;

for (const [index, kind] of kinds.entries()) {
  // with the next one where that runs beside it
  for (const each of kinds.slice(index, kinds[index + 1]?.beside === true ? index + 2 : index + 1)) start(each);
  const play = plays.get(kind);
  if (play === undefined) continue;
  process.stdout.write(`\n${kind.name}: ${some(play.files)} (${kind.is})\n`);
  await show(play);
  ran += play.files.length;
  for (const key of ['passed', 'failed', 'skipped'] as const) total[key] += play.counts[key];
}

for (const [kind, { failures: first, counts }] of plays) {
  const broken = [...new Set(first.flatMap(({ file }) => file ?? []))];
  if (kind.again !== true || broken.length === 0 || broken.length > SECOND_TRIES) {
    failures.push(...first);
    continue;
  }
  process.stdout.write(`\n${kind.name}: ${some(broken)} once more, alone\n`);
  const second = play({ ...kind, atOnce: 1 }, broken);
  await show(second);
  const mended = counts.failed - second.counts.failed;
  total.failed -= mended;
  total.passed += mended;
  failures.push(...second.failures);
  once.push(...first);
}

if (ran === 0 && notes.length === 0) notes.push(`no test file has ${parts.join(' or ')} in its name`);
if (took.length > SLOWEST) {
  const slowest = took.toSorted((one, other) => other.ms - one.ms).slice(0, SLOWEST);
  process.stdout.write(
    `\nslowest files:\n${slowest.map(({ file, ms }) => `${(ms / 1000).toFixed(1).padStart(7)} s  ${file}\n`).join('')}`,
  );
}
if (skips.length > 0) process.stdout.write(`\nskipped:\n${skips.map(({ text }) => text).join('\n')}\n`);
const unknown = process.env['CI'] === undefined ? [] : skips.filter(({ known }) => !known);
if (unknown.length > 0) {
  notes.push(
    `skipped for a reason that is not on the list of scripts/test.ts:\n${unknown.map(({ text }) => text).join('\n')}`,
  );
  total.failed += unknown.length;
}
if (once.length > 0) process.stdout.write(`\nfailed at the first try:\n${list(once)}\n`);
if (failures.length > 0) process.stdout.write(`\nfailed:\n${list(failures)}\n`);
process.stdout.write(
  `\n${notes.map((note) => `${note}\n`).join('')}${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`,
);
process.exit(total.failed > 0 || ran === 0 ? 1 : 0);

/** Starts the files of one kind, unless that is done. */
function start(kind: Kind): void {
  const chosen = files.filter(kind.has).toSorted((a, b) => Number(b === kind.longest) - Number(a === kind.longest));
  if (chosen.length === 0 || plays.has(kind)) return;
  if (kind.needsRoot && process.getuid?.() !== 0) {
    notes.push(`skipped: ${some(chosen)} of kind ${kind.name}, which need root (${kind.is})`);
    if (wanted !== 'all') total.failed += 1;
    return;
  }
  plays.set(kind, play(kind, chosen));
}

/** Runs files, each in a process of its own; the stream keeps what happens until it is read. */
function play(kind: Kind, chosen: readonly string[]): Play {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  const failed: Failure[] = [];
  const stream = run({
    files: chosen.map((file) => join(root, file)),
    cwd: root,
    concurrency: kind.atOnce,
    timeout: kind.timeout,
    signal: AbortSignal.timeout(kind.budget),
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  stream.on('test:summary', ({ counts: seen, success, file, duration_ms: ms }: EventData.TestSummary) => {
    if (file !== undefined) {
      took.push({ file: relative(root, file), ms });
      return;
    }
    counts.passed = seen.passed;
    counts.skipped = seen.skipped + seen.todo;
    // A file that broke before its first test has no failed test.
    counts.failed = success ? 0 : Math.max(1, seen.tests - seen.passed - seen.skipped - seen.todo);
  });
  stream.on('test:pass', ({ name, file, skip }: EventData.TestPass) => {
    if (skip === undefined || skip === false) return;
    const reason = typeof skip === 'string' ? skip : '';
    const path = file === undefined ? '' : ` (${relative(root, file)})`;
    skips.push({
      text: `  ${name}${path}: ${reason || 'no reason given'}`,
      known: SKIPS.some((one) => one.test(reason)),
    });
  });
  stream.on('test:fail', ({ name, file, line, details }: EventData.TestFail) => {
    // a suite fails with its tests, and says no more than that
    if ('failureType' in details.error && details.error.failureType === 'subtestsFailed') return;
    const path = file === undefined ? undefined : relative(root, file);
    const where = path === undefined ? '' : ` (${path}:${line ?? 0})`;
    failed.push({ file: path, text: `  ${name}${where}\n${beginning(details.error)}` });
  });
  return { files: chosen, stream, counts, failures: failed };
}

/** Prints what happens, until it is over. */
async function show({ stream }: Play): Promise<void> {
  for await (const text of stream.compose(new spec())) process.stdout.write(text as string);
}

/** The whole stands further up, where the test ran. */
function beginning(error: Error): string {
  const text = error.cause instanceof Error ? error.cause.message : error.message;
  return text
    .split('\n')
    .slice(0, FAILURE_LINES)
    .map((line) => `    ${line.slice(0, FAILURE_WIDTH)}`)
    .join('\n');
}

function list(of: readonly Failure[]): string {
  return of.map(({ text }) => text).join('\n');
}

function some({ length }: readonly string[]): string {
  return `${length} ${length === 1 ? 'file' : 'files'}`;
}
