// How the house stands: `npm run house` prints what is left to do, a line each.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { circles } from './house/circles.ts';
import { purityProblems, saysPure } from './house/purity.ts';
import { folderOf, readSources } from './house/sources.ts';
import { RETIRED_FILES, retiredNames } from './house/words.ts';

/** More files than this are more than one subject. */
const MOST_FILES = 30;
const MOST_LINES = 500;
const root = join(import.meta.dirname, '..');
/** The list of faults to survive, where a checkout has it beside itself. */
const FAULTS = join(root, '../shared/FAULTS.md');

const sources = readSources();
const groups = circles(sources);
const names = [...retiredNames(sources)].filter(([, count]) => count > 0);
const odd = sources.filter(({ file }) => RETIRED_FILES.test(file));
const perFolder = Map.groupBy(
  sources.filter(({ isTest }) => !isTest),
  ({ file }) => folderOf(file),
);
const full = [...perFolder].filter(([, files]) => files.length > MOST_FILES);
const long = sources.filter(({ text }) => text.split('\n').length - 1 > MOST_LINES);
const pure = sources.filter(saysPure);
const impure = new Set(purityProblems(sources).map(({ file }) => file));

const tests = globSync('{src,test}/**/*.test.ts', { cwd: root }).map((file) => readFileSync(join(root, file), 'utf8'));
const covered = new Set(
  tests.flatMap((text) => [...text.matchAll(/fault ((?:[A-Z]\d+(?:, | and )?)+)/g)].flatMap(rows)),
);
const skips = tests.flatMap((text) => [...text.matchAll(/\bskip:[^,}]*/g)]).length;

print(
  'folder circles',
  groups.length,
  groups.map((group) => `${group.length} folders around ${group[0]}`),
);
print(
  'names with retired words',
  sum(names.map(([, count]) => count)),
  names.map(([word, count]) => `${word} ${count}`),
);
print('files with retired names', odd.length, []);
print(
  `folders with more than ${MOST_FILES} files`,
  full.length,
  full.map(([folder, files]) => `${folder} ${files.length}`),
);
print(
  `files over ${MOST_LINES} lines`,
  long.length,
  long.map(({ file }) => file),
);
print('pure files checked', pure.length, [`${impure.size} of them with a reason why they are not`]);
print('fault rows with a test', covered.size, existsSync(FAULTS) ? missing(readFileSync(FAULTS, 'utf8')) : []);
print('places where a test may be skipped', skips, []);

function print(what: string, count: number, detail: readonly string[]): void {
  process.stdout.write(`${what}: ${count}${detail.length > 0 ? ` (${detail.join('; ')})` : ''}\n`);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

function rows(match: RegExpExecArray): string[] {
  return match[1]?.match(/[A-Z]\d+/g) ?? [];
}

/** `| 12 | I | …` is row I12. */
function missing(text: string): string[] {
  const all = [...text.matchAll(/^\| (\d+) \| ([A-Z])/gm)].map(([, number, letter]) => `${letter}${number}`);
  const without = all.filter((row) => !covered.has(row));
  return [`of ${all.length}`, ...(without.length > 0 ? [`without: ${without.join(' ')}`] : [])];
}
