import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseLog } from './lines.ts';
import { readLog } from './read.ts';
import { trimLog } from './rotate.ts';

const T = '2026-11-21T08:19:38.802735899+00:00';
const line = (text: string, tag = 'F', channel = 'stdout'): string => `${T} ${channel} ${tag} ${text}\n`;

async function inFolder(body: (file: string) => Promise<void> | void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-logs-'));
  try {
    await body(join(folder, 'container.log'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function collect(files: string[], tail?: number): Promise<string> {
  let text = '';
  for await (const batch of readLog({
    files,
    tail,
    follow: false,
    finished: Promise.resolve(),
    signal: new AbortController().signal,
  }))
    for (const one of batch) text += one.data.toString();
  return text;
}

test('lines, pieces of lines, both channels; a torn line is left out', () => {
  const { lines, used } = parseLog(
    Buffer.from(`${line('a')}${line('b', 'P', 'stderr')}${line('', 'F', 'stderr')}garbage\n${line('c')}half`),
  );
  assert.deepEqual(
    lines.map(({ channel, data }) => [channel, data.toString()]),
    [
      ['stdout', 'a\n'],
      ['stderr', 'b'],
      ['stderr', '\n'],
      ['stdout', 'c\n'],
    ],
  );
  assert.equal(
    used,
    Buffer.byteLength(`${line('a')}${line('b', 'P', 'stderr')}${line('', 'F', 'stderr')}garbage\n${line('c')}`),
  );
});

test('the last lines; pieces count as one line', () =>
  inFolder(async (file) => {
    writeFileSync(file, line('one') + line('tw', 'P') + line('o') + line('three') + line('no end', 'P'));
    assert.equal(await collect([file]), 'one\ntwo\nthree\nno end');
    assert.equal(await collect([file], 1), 'no end');
    assert.equal(await collect([file], 3), 'two\nthree\nno end');
    assert.equal(await collect([file], 0), '');
    assert.equal(await collect([file], 99), 'one\ntwo\nthree\nno end');
  }));

test('rotated files come first; one that is missing reads as empty', () =>
  inFolder(async (file) => {
    writeFileSync(`${file}.1`, line('old'));
    writeFileSync(file, line('new'));
    assert.equal(await collect([`${file}.2`, `${file}.1`, file]), 'old\nnew\n');
  }));

test('following sees what is written, also after a rotation, and ends with the container', () =>
  inFolder(async (file) => {
    writeFileSync(file, line('first'));
    const { promise, resolve } = Promise.withResolvers<void>();
    let text = '';
    const reading = (async () => {
      for await (const batch of readLog({
        files: [file],
        tail: undefined,
        follow: true,
        finished: promise,
        signal: new AbortController().signal,
      }))
        for (const one of batch) text += one.data.toString();
    })();
    const until = async (wanted: string): Promise<void> => {
      for (const end = Date.now() + 5000; text.length < wanted.length && Date.now() < end; )
        await new Promise((next) => setTimeout(next, 10));
      assert.equal(text, wanted);
    };
    await until('first\n');
    appendFileSync(file, line('second'));
    await until('first\nsecond\n');
    renameSync(file, `${file}.1`);
    appendFileSync(`${file}.1`, line('late'));
    writeFileSync(file, line('third'));
    appendFileSync(`${file}.1`, line('later'));
    resolve();
    await reading;
    assert.match(text, /third\n/);
  }));

test('what one burst wrote is cut at a line', () =>
  inFolder((file) => {
    writeFileSync(file, Array.from({ length: 100 }, (_, index) => line(`number ${index}`)).join(''));
    trimLog(file, 500);
    const kept = readFileSync(file, 'utf8');
    assert.ok(kept.length <= 500 && kept.startsWith(T) && kept.endsWith('number 99\n'));
    assert.equal(existsSync(`${file}.new`), false);
  }));
