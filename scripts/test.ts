// Runs tests by kind, which the file name tells: `node scripts/test.ts [unit|root|e2e|vm|all] [PART OF A FILE NAME...]`.
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
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
    budget: 900_000,
  },
  {
    name: 'vm',
    is: 'a machine of its own, in QEMU',
    has: isVm,
    needsRoot: true,
    atOnce: 1,
    timeout: 900_000,
    budget: 900_000,
  },
];

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

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
let ran = 0;

for (const kind of kinds) {
  const chosen = files.filter(kind.has);
  if (chosen.length === 0) continue;
  if (kind.needsRoot && process.getuid?.() !== 0) {
    notes.push(
      `skipped: ${chosen.length} ${chosen.length === 1 ? 'file' : 'files'} of kind ${kind.name}, which need root (${kind.is})`,
    );
    if (wanted !== 'all') total.failed += 1;
    continue;
  }
  process.stdout.write(`\n${kind.name}: ${chosen.length} ${chosen.length === 1 ? 'file' : 'files'} (${kind.is})\n`);
  const counts = await play(kind, chosen);
  ran += chosen.length;
  for (const key of ['passed', 'failed', 'skipped'] as const) total[key] += counts[key];
}

if (ran === 0 && notes.length === 0) notes.push(`no test file has ${parts.join(' or ')} in its name`);
process.stdout.write(
  `\n${notes.map((note) => `${note}\n`).join('')}${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`,
);
process.exit(total.failed > 0 || ran === 0 ? 1 : 0);

/** Runs the files of one kind, each in a process of its own, and shows them as node's own runner does. */
async function play(kind: Kind, chosen: readonly string[]): Promise<Counts> {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  const stream = run({
    files: chosen.map((file) => join(root, file)),
    cwd: root,
    concurrency: kind.atOnce,
    timeout: kind.timeout,
    signal: AbortSignal.timeout(kind.budget),
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  stream.on('test:summary', ({ counts: seen, success, file }: EventData.TestSummary) => {
    if (file !== undefined) return;
    counts.passed = seen.passed;
    counts.skipped = seen.skipped + seen.todo;
    // A file that broke before its first test has no failed test.
    counts.failed = success ? 0 : Math.max(1, seen.tests - seen.passed - seen.skipped - seen.todo);
  });
  for await (const text of stream.compose(new spec())) process.stdout.write(text as string);
  return counts;
}
