import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { type MeasureBounds, measureTrees } from './measure.ts';

const work = mkdtempSync(join(tmpdir(), 'measure-'));
// rm(1), since trees here are deeper than a path may be long
after(() => execFileSync('rm', ['-rf', work]));

let made = 0;
function folder(): string {
  made += 1;
  const path = join(work, String(made));
  mkdirSync(path);
  return path;
}

const blocks = (path: string, bounds?: Partial<MeasureBounds>): number | undefined =>
  measureTrees([path], 'blocks', bounds).get(path);
const du = (...paths: string[]): number[] =>
  execFileSync('du', ['-sk', '--', ...paths], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => Number(line.split('\t')[0]) * 1024);

function fill(root: string): void {
  mkdirSync(join(root, 'a/b/c'), { recursive: true });
  for (let at = 0; at < 1500; at += 1)
    writeFileSync(join(root, 'a', `a file with a long name ${at}`), 'x'.repeat(at * 7));
  for (let at = 0; at < 1500; at += 1) mkdirSync(join(root, 'a/b', `folder ${at}`, 'e'), { recursive: true });
  writeFileSync(Buffer.concat([Buffer.from(`${root}/a/`), Buffer.from([0xff, 0xfe])]), 'x'.repeat(9000));
  writeFileSync(join(root, 'holes'), '');
  truncateSync(join(root, 'holes'), 1e9);
  linkSync(join(root, 'a/a file with a long name 1000'), join(root, 'again'));
  symlinkSync('/usr', join(root, 'usr'));
  symlinkSync('n'.repeat(300), join(root, 'long'));
}

test('a tree takes what du says: holes, links, directories, and names that are no UTF-8', () => {
  const root = folder();
  fill(root);
  assert.equal(blocks(root), du(root)[0]);
});

test('a file of several names counts once, in the first tree that has it', () => {
  const [one, two] = [folder(), folder()];
  writeFileSync(join(one, 'file'), 'x'.repeat(100_000));
  linkSync(join(one, 'file'), join(two, 'file'));
  assert.deepEqual([...measureTrees([one, two], 'blocks').values()], du(one, two));
});

test('what is not there is left out; a file, and a link as itself', () => {
  const root = folder();
  writeFileSync(join(root, 'file'), 'x'.repeat(5000));
  symlinkSync('/usr', join(root, 'link'));
  const [file, link] = [join(root, 'file'), join(root, 'link')];
  const found = measureTrees([join(root, 'none'), file, link], 'blocks');
  assert.deepEqual(
    [...found],
    [file, link].map((path) => [path, lstatSync(path).blocks * 512]),
  );
});

test('lengths are of files and links alone', () => {
  const root = folder();
  mkdirSync(join(root, 'a'));
  writeFileSync(join(root, 'a/file'), 'x'.repeat(5000));
  linkSync(join(root, 'a/file'), join(root, 'again'));
  symlinkSync('12345', join(root, 'link'));
  assert.equal(measureTrees([root], 'lengths').get(root), 5005);
});

test('a tree that is deeper than directories may be open is counted whole, and none stays open', () => {
  const root = folder();
  for (const branch of ['x', 'y', 'z']) {
    let way = root;
    for (let level = 0; level < 40; level += 1) {
      way = join(way, branch);
      for (const beside of ['1', '2']) mkdirSync(join(way, beside), { recursive: true });
      writeFileSync(join(way, '1', 'file'), 'x'.repeat(5000));
    }
  }
  const open = readdirSync('/proc/self/fd').length;
  for (const most of [1, 2, 3, 10, 39, 64]) assert.equal(blocks(root, { open: most }), du(root)[0], `${most} open`);
  assert.equal(readdirSync('/proc/self/fd').length, open);
});

test('limit: levels beyond the deepest that is counted, and files of several names beyond those remembered', () => {
  const root = folder();
  execFileSync('python3', [
    '-c',
    'import os,sys\nos.chdir(sys.argv[1])\nfor i in range(3000):\n os.mkdir("d")\n os.chdir("d")',
    root,
  ]);
  const one = lstatSync(join(root, 'd')).blocks * 512;
  assert.equal(blocks(root), lstatSync(root).blocks * 512 + 1024 * one);

  const linked = folder();
  for (let at = 0; at < 10; at += 1) {
    writeFileSync(join(linked, String(at)), 'x'.repeat(5000));
    linkSync(join(linked, String(at)), join(linked, `${at} again`));
  }
  assert.equal(blocks(linked, { linked: 3 }), du(linked)[0]);
});

test('safety H1: a tree that is changed meanwhile leads the walk nowhere else', async () => {
  const root = folder();
  const outside = folder();
  writeFileSync(join(outside, 'large'), 'x'.repeat(50_000_000));
  symlinkSync(outside, join(root, 'link'));
  mkdirSync(join(root, 'd/e'), { recursive: true });
  const swapper = new Worker(
    `const { renameSync } = require('node:fs');
     for (let at = 0; at < 200000; at += 1) {
       renameSync('${root}/d', '${root}/kept'); renameSync('${root}/link', '${root}/d');
       renameSync('${root}/d', '${root}/link'); renameSync('${root}/kept', '${root}/d');
     }`,
    { eval: true },
  );
  try {
    let most = 0;
    const end = Date.now() + 1500;
    let walks = 0;
    for (; Date.now() < end; walks += 1) most = Math.max(most, blocks(root) ?? 0);
    assert.ok(walks > 100, `${walks} walks`);
    assert.ok(most < 100_000, `${most} bytes`);
  } finally {
    await swapper.terminate();
  }
});
