import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { KeptEntry } from '../../context/trees.ts';
import { TreePlan } from './plan.ts';

const entry = (given: Partial<KeptEntry> = {}): KeptEntry => ({
  type: 'file',
  mode: 0o644,
  size: 1,
  sha256: '',
  linkname: '',
  hardlink: '',
  uid: 0,
  gid: 0,
  modTime: '1',
  major: 0,
  minor: 0,
  ...given,
});
const directory = entry({ type: 'directory', mode: 0o755, size: 0 });

/** What a sender with these files makes of a tree with those. */
function planned(before: Record<string, KeptEntry>, after: Record<string, KeptEntry>): string[] {
  const plan = new TreePlan(new Map(Object.entries(before)));
  const steps = Object.entries(after).flatMap(([path, sent]) => {
    const { verdict, replaces } = plan.decide(path, sent);
    return [...(replaces ? [`replace ${path}`] : []), ...(verdict === 'keep' ? [] : [`${verdict} ${path}`])];
  });
  return [
    ...steps,
    ...plan.removed().map((path) => `remove ${path}`),
    `times ${[...plan.touched].sort().join(' ')}`.trim(),
  ];
}

test('what is as it was is kept, with the digest that is known of it', () => {
  const before = { d: directory, 'd/a': entry({ sha256: 'known' }) };
  const plan = new TreePlan(new Map(Object.entries(before)));
  plan.decide('d', directory);
  plan.decide('d/a', entry());
  assert.equal(plan.entries.get('d/a')?.sha256, 'known');
  assert.deepEqual(planned(before, { d: directory, 'd/a': entry() }), ['times']);
});

test('a file is fetched when its size, time, mode or owner is another', () => {
  for (const change of [{ size: 2 }, { modTime: '2' }, { mode: 0o600 }, { uid: 1 }])
    assert.deepEqual(planned({ a: entry() }, { a: entry(change) }), ['fetch a', 'times']);
});

test('what goes takes along what is in it, and the directory that it was in is touched', () => {
  assert.deepEqual(planned({ d: directory, 'd/e': directory, 'd/e/a': entry(), 'd/e/b': entry() }, { d: directory }), [
    'remove d/e',
    'times d',
  ]);
});

test('a directory that becomes a file goes first, and nothing below it is removed again', () => {
  assert.deepEqual(planned({ d: directory, 'd/a': entry(), e: entry() }, { d: entry(), e: entry() }), [
    'replace d',
    'fetch d',
    'times',
  ]);
});

test('another name of a file is made again when the file changes', () => {
  const before = { a: entry(), b: entry({ hardlink: 'a' }) };
  assert.deepEqual(planned(before, before), ['times']);
  assert.deepEqual(planned(before, { a: entry({ size: 2 }), b: entry({ hardlink: 'a' }) }), [
    'fetch a',
    'later b',
    'times',
  ]);
  const plan = new TreePlan(new Map());
  plan.decide('a', entry());
  plan.decide('b', entry({ hardlink: 'a' }));
  plan.fetched('a', 'digest', 7);
  plan.settleLinks();
  assert.deepEqual([plan.entries.get('b')?.sha256, plan.entries.get('b')?.size], ['digest', 7]);
});

test('fault B53: a sender cannot name what is outside, through a link, twice or without its directory', () => {
  const refused: [Record<string, KeptEntry>, RegExp][] = [
    [{ '../x': entry() }, /leads outside/],
    [{ d: directory, 'd/../../x': entry() }, /leads outside/],
    [{ '/etc/passwd': entry() }, /absolute path/],
    [{ 'd//a': entry() }, /unclean path/],
    [{ './a': entry() }, /unclean path/],
    [{ 'a\0b': entry() }, /invalid path/],
    [{ 'd/a': entry() }, /out of order/],
    [{ l: entry({ type: 'symlink', linkname: '/etc' }), 'l/passwd': entry() }, /out of order/],
    [{ a: entry({ hardlink: '../../etc/passwd' }) }, /is a hard link to .* which is no file/],
    [{ l: entry({ type: 'symlink', linkname: '/etc/passwd' }), a: entry({ hardlink: 'l' }) }, /is a hard link to/],
  ];
  for (const [files, message] of refused) assert.throws(() => planned({}, files), message, JSON.stringify(files));
  const twice = new TreePlan(new Map());
  twice.decide('a', entry());
  assert.throws(() => twice.decide('a', entry()), /twice/);
});

test('whatever was there, the tree ends as the sender has it', () => {
  const name = fc.constantFrom('a', 'b', 'c');
  const kind = fc.constantFrom<KeptEntry>(
    entry(),
    entry({ size: 2 }),
    directory,
    entry({ type: 'symlink', linkname: 'a' }),
  );
  const tree = fc.array(fc.tuple(fc.array(name, { minLength: 1, maxLength: 3 }), kind), { maxLength: 12 }).map(treeOf);
  fc.assert(
    fc.property(tree, tree, (before, after) => {
      const disk = new Map(before);
      const drop = (path: string): void => {
        for (const other of disk.keys()) if (other === path || other.startsWith(`${path}/`)) disk.delete(other);
      };
      const plan = new TreePlan(before);
      for (const [path, sent] of after) {
        const { verdict, replaces } = plan.decide(path, sent);
        if (replaces) drop(path);
        if (verdict !== 'keep') disk.set(path, sent);
      }
      for (const path of plan.removed()) {
        assert.ok(disk.has(path), `${path} is removed and there`);
        drop(path);
      }
      assert.deepEqual([...disk].sort(byName), [...after].sort(byName));
    }),
  );
});

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1);

/** Only what has its directories, in the order of a walk. */
function treeOf(pairs: readonly (readonly [readonly string[], KeptEntry])[]): ReadonlyMap<string, KeptEntry> {
  const all = new Map(pairs.map(([path, one]) => [path.join('/'), one]));
  const walk = (parent: string): [string, KeptEntry][] =>
    ['a', 'b', 'c'].flatMap((name) => {
      const path = parent === '' ? name : `${parent}/${name}`;
      const one = all.get(path);
      if (!one) return [];
      return [[path, one], ...(one.type === 'directory' ? walk(path) : [])];
    });
  return new Map(walk(''));
}
