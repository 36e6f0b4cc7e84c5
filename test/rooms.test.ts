// Inside the folders of src/: no new circle, parts of the large folders know only their neighbours, and what says that it is pure is.
// What stands today and should not is listed in scripts/house/tables.ts, and only ever gets shorter.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { circles } from '../scripts/house/circles.ts';
import { purityProblems } from '../scripts/house/purity.ts';
import { folderOf, readSources, sourceOf } from '../scripts/house/sources.ts';
import { RETIRED, RETIRED_FILES, retiredNames } from '../scripts/house/words.ts';
import { CIRCLES_LEFT, IMPURE_LEFT, PARTS } from '../scripts/house/tables.ts';

const sources = readSources();

/** Fails with every line, so that one run shows all there is to mend. */
function none(problems: readonly string[]): void {
  assert.ok(problems.length === 0, `\n  ${[...new Set(problems)].join('\n  ')}\n`);
}

/** `create/x` of `engine/create/x/y.ts`; `.` for a file of the folder itself. */
function partOf(file: string): string {
  return folderOf(file).split('/').slice(1).join('/') || '.';
}

test('folders do not import each other in circles beyond those that are listed', () => {
  const found = circles(sources).map((group) => group.join(' '));
  none([
    ...found.filter((group) => !CIRCLES_LEFT.includes(group)).map((group) => `a circle that is not listed: ${group}`),
    ...CIRCLES_LEFT.filter((group) => !found.includes(group)).map((group) => `gone, take it off the list: ${group}`),
  ]);
});

test('a circle of three folders is found, and a tree has none', () => {
  const source = (file: string, to: string) => sourceOf(file, `import { a } from '${to}';\n`);
  const tree = [source('a/1.ts', '../b/1.ts'), source('b/1.ts', '../c/1.ts')];
  assert.deepEqual(circles(tree), []);
  assert.deepEqual(circles([...tree, source('c/1.ts', '../a/2.ts')]), [['a', 'b', 'c']]);
});

test('parts of the large folders import only the parts that they may know', () => {
  none(
    sources
      .filter(({ folder, isTest }) => !isTest && Object.hasOwn(PARTS, folder))
      .flatMap(({ file, folder, imports }) => {
        const may = PARTS[folder]?.[partOf(file)];
        if (may === undefined) return [`src/${folder}/${partOf(file)} has no line in PARTS`];
        return imports
          .filter(({ to }) => to?.startsWith(`${folder}/`) && partOf(to) !== partOf(file) && !may.includes(partOf(to)))
          .map(
            ({ to }) => `src/${file} imports src/${to}: ${partOf(file)} of ${folder} does not know ${partOf(to ?? '')}`,
          );
      }),
  );
});

test('files that decide do not act, and neither does what they call', () => {
  const problems = purityProblems(sources);
  const broken = new Set(problems.map(({ file }) => file));
  none([
    ...problems
      .filter(({ file }) => !Object.hasOwn(IMPURE_LEFT, file))
      .map(({ file, at, what, why }) => `src/${file} is pure, but src/${at} has ${what}: ${why}`),
    ...Object.keys(IMPURE_LEFT)
      .filter((file) => !broken.has(file))
      .map((file) => `src/${file} is pure now: take it off IMPURE_LEFT`),
  ]);
});

test('purity is seen through the files that a pure one runs, not through their types', () => {
  const clock = sourceOf('base/clock.ts', '// The clock.\nexport const now = () => Date.now();\n');
  const through = sourceOf('x/through.ts', `// On the way.\nimport { now } from '../base/clock.ts';\n`);
  const pure = (clause: string) => sourceOf('x/plan.ts', `// A plan.\nimport ${clause} from './through.ts';\n`);
  assert.deepEqual(
    purityProblems([clock, through, pure('{ a }')]).map(({ file, at, what }) => `${file} ${at} ${what}`),
    ['x/plan.ts base/clock.ts Date.now('],
  );
  assert.deepEqual(purityProblems([clock, through, pure('type { A }')]), []);
  const notified = sourceOf(
    'y/plan.ts',
    '// A plan.\ninterface PlanFacts {\n  readonly exists: (path: string) => boolean;\n}\n',
  );
  assert.deepEqual(
    purityProblems([notified]).map(({ what }) => what),
    ['interface PlanFacts'],
  );
});

test('retired words do not come back in the names of the code', () => {
  const found = retiredNames(sources);
  none(
    RETIRED.filter(({ word }) => (found.get(word) ?? 0) > 0).map(
      ({ word, use }) => `"${word}" stands in ${found.get(word)} names; the field says ${use} (docs/glossary.md)`,
    ),
  );
});

test('a retired word may stand in what is said to people, not in the names that are put into it', () => {
  const counts = (code: string) => retiredNames([sourceOf('x/y.ts', code)]).get('tell, told');
  assert.equal(counts("test('everyone is told', f); test(`${name}: nobody is told`, f);"), 0);
  assert.equal(counts('const told = 1;'), 1);
  assert.equal(counts('print(`${told} of ${tellAll}`);'), 2);
});

test('files do not get names that explain nothing', () => {
  none(sources.filter(({ file }) => RETIRED_FILES.test(file)).map(({ file }) => `src/${file} has a retired name`));
});
