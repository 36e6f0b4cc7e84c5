import assert from 'node:assert/strict';
import {
  appendFileSync,
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { type LineFilter, LineParser, logPiece, type PieceHead } from './lines.ts';
import { type ReadOptions, readLog } from './read.ts';
import { retention } from './retain.ts';
import { LogRotation } from './rotate.ts';

const T = '2026-11-21T08:19:38.802735899+00:00';
const line = (text: string, tag = 'F', channel = 'stdout', time = T): string => `${time} ${channel} ${tag} ${text}\n`;
const BOTH: LineFilter = { stdout: true, stderr: true };

async function inFolder(body: (file: string) => Promise<void> | void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-logs-'));
  try {
    await body(join(folder, 'container.log'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const reading = (file: string, options: Partial<ReadOptions> = {}): ReadOptions => ({
  file,
  filter: BOTH,
  merge: true,
  head: undefined,
  tail: undefined,
  follow: false,
  rotation: undefined,
  finished: Promise.resolve(),
  signal: new AbortController().signal,
  ...options,
});

async function collect(options: ReadOptions): Promise<string> {
  let text = '';
  for await (const batch of readLog(options)) for (const one of batch) text += one.data.toString();
  return text;
}

/** Writes as conmon does: it opens its file again when it is asked to, and never else. */
class Monitor {
  readonly #file: string;
  #fd: number;

  constructor(file: string) {
    this.#file = file;
    this.#fd = openSync(file, 'a', 0o600);
  }

  write(text: string): void {
    writeSync(this.#fd, text);
  }

  reopen = (): boolean => {
    closeSync(this.#fd);
    this.#fd = openSync(`${this.#file}.tmp`, 'w', 0o600);
    renameSync(`${this.#file}.tmp`, this.#file);
    return true;
  };

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

const rows = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => `row ${from + index}`);

/** Bytes of the log on disk; a second name of a file is not a second file. */
function diskUse(file: string): number {
  const sizes = new Map<number, number>();
  for (const name of readdirSync(join(file, '..'))) {
    const stat = statSync(join(file, '..', name), { throwIfNoEntry: false });
    if (stat) sizes.set(stat.ino, stat.size);
  }
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

function rotate(
  file: string,
  monitor: Monitor,
  bounds: { maxBytes: number; maxFiles: number; compress?: boolean },
): LogRotation {
  return new LogRotation(
    file,
    { compress: false, ...bounds },
    { reopen: monitor.reopen, warn: (what) => assert.fail(what) },
  );
}

test('lines, pieces of lines, both channels; a torn line is left out', () => {
  const text = `${line('a')}${line('b', 'P', 'stderr')}${line('x')}${line('', 'F', 'stderr')}garbage\n${line('c')}`;
  const lines = (merge: boolean): unknown[] =>
    new LineParser(BOTH, merge)
      .parse(Buffer.from(text))
      .map(({ channel, data, begins }) => [channel, data.toString(), begins]);
  assert.deepEqual(lines(false), [
    ['stdout', 'a\n', true],
    ['stderr', 'b', true],
    ['stdout', 'x\n', true],
    ['stderr', '\n', false],
    ['stdout', 'c\n', true],
  ]);
  assert.deepEqual(
    new LineParser(BOTH, true)
      .parse(Buffer.from(line('a') + line('b', 'P') + line('x'.repeat(100)) + line('e', 'F', 'stderr')))
      .map(({ data }) => data.toString()),
    [`a\nb${'x'.repeat(100)}\n`, 'e\n'],
  );
});

test('pieces behind heads are those that come one by one, whatever they are and wherever chunks end', async () => {
  const head: PieceHead = {
    bytes: 3,
    write: (buffer, at, channel, length) =>
      void buffer.write(`${channel[3]}${String(length % 100).padStart(2, '0')}`, at),
  };
  const text = Array.from({ length: 9000 }, (_, at) =>
    line('é'.repeat((at * 7) % 61), at % 5 === 0 ? 'P' : 'F', at % 3 === 0 ? 'stderr' : 'stdout'),
  ).join('no piece\n');
  await inFolder(async (file) => {
    writeFileSync(file, text);
    for (const filter of [BOTH, { stdout: true, stderr: false }]) {
      let wanted = '';
      for (const { channel, data } of new LineParser(filter, false).parse(Buffer.from(text)))
        wanted += `${channel[3]}${String(data.length % 100).padStart(2, '0')}${data.toString()}`;
      assert.equal(await collect(reading(file, { merge: false, head, filter })), wanted);
    }
  });
});

test('what is written in the monitor’s place is read as what the monitor writes', () => {
  const pieces = [
    logPiece('2026-01-02T03:04:05.12Z', 'stdout', Buffer.from('one'), true),
    logPiece('2026-01-02T03:04:06Z', 'stderr', Buffer.from('tw'), false),
    logPiece('2026-01-02T03:04:06Z', 'stderr', Buffer.from('o'), true),
  ];
  const lines = new LineParser({ stdout: true, stderr: true }, false).parse(Buffer.concat(pieces));
  assert.deepEqual(
    lines.map(({ time, channel, data }) => `${time} ${channel} ${String(data)}`),
    [
      '2026-01-02T03:04:05.120000000+00:00 stdout one\n',
      '2026-01-02T03:04:06.000000000+00:00 stderr tw',
      '2026-01-02T03:04:06.000000000+00:00 stderr o\n',
    ],
  );
});

test('a line of many pieces has the time of its first, and is filtered by it', () => {
  const later = '2026-11-21T08:19:39.802735899+00:00';
  const parser = new LineParser({ ...BOTH, wantsTime: (time) => time === T }, false);
  const lines = parser.parse(
    Buffer.from(line('a', 'P') + line('b', 'F', 'stdout', later) + line('c', 'F', 'stdout', later)),
  );
  assert.deepEqual(
    lines.map(({ data, time }) => [data.toString(), time]),
    [
      ['a', T],
      ['b\n', T],
    ],
  );
});

test('the last lines; pieces count as one line', () =>
  inFolder(async (file) => {
    writeFileSync(file, line('one') + line('tw', 'P') + line('o') + line('three') + line('no end', 'P'));
    const last = (tail: number): Promise<string> => collect(reading(file, { tail }));
    assert.equal(await collect(reading(file)), 'one\ntwo\nthree\nno end');
    assert.equal(await last(1), 'no end');
    assert.equal(await last(3), 'two\nthree\nno end');
    assert.equal(await last(0), '');
    assert.equal(await last(99), 'one\ntwo\nthree\nno end');
  }));

test('the last lines over plain and compressed files, and of one stream, are those that a whole reading ends with', () =>
  inFolder(async (file) => {
    const write = (from: number, to: number): string =>
      rows(from, to)
        .map((text, index) => line(text.padEnd((index * 7919) % 300, '.'), 'F', index % 3 === 0 ? 'stderr' : 'stdout'))
        .join('');
    writeFileSync(`${file}.000000001`, write(0, 4000));
    writeFileSync(`${file}.000000002.gz`, gzipSync(write(4000, 8000)));
    writeFileSync(`${file}.000000003.gz`, gzipSync(write(8000, 8010)));
    writeFileSync(file, write(8010, 12000));
    for (const filter of [BOTH, { stdout: true, stderr: false }]) {
      const all = (await collect(reading(file, { filter }))).split('\n').slice(0, -1);
      assert.equal(all.length, filter === BOTH ? 12000 : 8000 - 2);
      for (const tail of [0, 1, 2, 2660, 3990, 3991, 4000, 4001, 5000, 7999, 8000, 8001, 12000, 20000]) {
        const got = (await collect(reading(file, { tail, filter }))).split('\n').slice(0, -1);
        assert.deepEqual(got, tail === 0 ? [] : all.slice(-tail), `${tail} lines`);
      }
    }
  }));

test('safety M3: the last line of a large log is found without reading it', () =>
  inFolder(async (file) => {
    const block = line('').repeat(20_000);
    for (let written = 0; written < 50 * 1024 * 1024; written += block.length) appendFileSync(file, block);
    appendFileSync(file, line('the end'));
    globalThis.gc?.();
    const before = process.memoryUsage();
    let most = 0;
    const timer = setInterval(() => {
      most = Math.max(most, process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed);
    }, 1);
    assert.equal(await collect(reading(file, { tail: 1 })), 'the end\n');
    clearInterval(timer);
    assert.ok(most - before.heapUsed - before.arrayBuffers < 5 * 1024 * 1024, `${most} bytes`);
  }));

test('which files of a log go', () => {
  const M = 10 * 1024 * 1024;
  const kept = (sizes: number[], maxBytes = M): unknown =>
    retention(
      sizes.map((size) => size * (maxBytes / 100)),
      2,
      maxBytes,
    );
  assert.deepEqual(kept([]), { remove: 0, trim: undefined });
  assert.deepEqual(kept([100, 100]), { remove: 0, trim: undefined });
  assert.deepEqual(kept([100, 100, 100]), { remove: 1, trim: undefined });
  assert.deepEqual(kept([120, 110]), { remove: 1, trim: undefined }, 'one file is what the bounds promise');
  assert.deepEqual(kept([120, 110], 1000), { remove: 0, trim: 900 }, 'small files are cut');
  assert.deepEqual(kept([100, 5000]), { remove: 1, trim: 2 * M }, 'a burst is cut to what all files may have');
  assert.deepEqual(kept([150, 5000], 1000), { remove: 1, trim: 2000 });
  assert.deepEqual(kept([5000, 100]), { remove: 1, trim: undefined });
  assert.deepEqual(kept([10, 10, 10]), { remove: 1, trim: undefined }, 'compressed files count as files');
});

for (const [maxBytes, maxFiles, compress] of [
  [1024, 3, false],
  [1024, 3, true],
  [4096, 2, false],
] as const)
  test(`users E2: a follower gets every row once, in order, over many rotations (${maxBytes} bytes, ${maxFiles} files${compress ? ', compressed' : ''})`, () =>
    inFolder(async (file) => {
      using monitor = new Monitor(file);
      const rotation = rotate(file, monitor, { maxBytes, maxFiles, compress });
      const { promise: finished, resolve } = Promise.withResolvers<void>();
      const following = collect(reading(file, { follow: true, rotation, finished }));
      const expected: string[] = [];
      for (const [count, pause] of [
        [40, 2],
        [400, 0],
        [20, 5],
      ] as const)
        for (let written = 0; written < count; written += 1) {
          const text = `row ${expected.length}`;
          expected.push(text);
          monitor.write(line(text));
          if (pause > 0 || written % 16 === 0) await sleep(pause);
        }
      await rotation.finish();
      resolve();
      assert.deepEqual((await following).split('\n').slice(0, -1), expected);
      const left = (await collect(reading(file))).split('\n').slice(0, -1);
      assert.deepEqual(left, expected.slice(-left.length), 'what stays is the end, without a hole');
      assert.ok(left.length > 0 && diskUse(file) <= maxBytes * maxFiles, `${diskUse(file)} bytes`);
    }));

test('users E2: rows written while the rotation was away are read, and rotation goes on', () =>
  inFolder(async (file) => {
    using monitor = new Monitor(file);
    const first = rotate(file, monitor, { maxBytes: 1024, maxFiles: 3 });
    for (const text of rows(0, 20)) monitor.write(line(text));
    await sleep(30);
    await first.finish();
    for (const text of rows(20, 30)) monitor.write(line(text));
    const second = rotate(file, monitor, { maxBytes: 1024, maxFiles: 3 });
    await sleep(30);
    for (const text of rows(30, 40)) monitor.write(line(text));
    await sleep(30);
    await second.finish();
    const left = (await collect(reading(file))).split('\n').slice(0, -1);
    assert.deepEqual(left, rows(40 - left.length, 40));
    assert.ok(left.length >= 30, `${left.length} rows`);
  }));

test('users E3: after a burst the log is within its bounds, and its end is there', () =>
  inFolder(async (file) => {
    using monitor = new Monitor(file);
    const rotation = rotate(file, monitor, { maxBytes: 20_000, maxFiles: 3 });
    monitor.write(
      rows(0, 20_000)
        .map((text) => line(text))
        .join(''),
    );
    for (const end = Date.now() + 5000; diskUse(file) > 60_000 && Date.now() < end; ) await sleep(5);
    assert.ok(diskUse(file) <= 60_000, `${diskUse(file)} bytes while it runs`);
    const left = (await collect(reading(file))).split('\n').slice(0, -1);
    assert.deepEqual(left, rows(20_000 - left.length, 20_000));
    assert.ok(left.length > 20_000 / line('row 10000').length, `${left.length} rows`);
    monitor.write(
      rows(20_000, 30_000)
        .map((text) => line(text))
        .join(''),
    );
    await rotation.finish();
    assert.ok(diskUse(file) <= 60_000, `${diskUse(file)} bytes at the end`);
    assert.match(readFileSync(file, 'utf8'), /row 29999\n$/);
  }));

test('following ends with the container, and without a rotation sees a file that was begun anew', () =>
  inFolder(async (file) => {
    using monitor = new Monitor(file);
    monitor.write(line('first'));
    const { promise: finished, resolve } = Promise.withResolvers<void>();
    let text = '';
    const following = (async () => {
      for await (const batch of readLog(reading(file, { follow: true, finished })))
        for (const one of batch) text += one.data.toString();
    })();
    const until = async (wanted: string): Promise<void> => {
      for (const end = Date.now() + 5000; text !== wanted && Date.now() < end; ) await sleep(2);
      assert.equal(text, wanted);
    };
    await until('first\n');
    monitor.write(line('second'));
    monitor.reopen();
    monitor.write(line('third'));
    await until('first\nsecond\nthird\n');
    monitor.write(line('last'));
    resolve();
    await following;
    assert.equal(text, 'first\nsecond\nthird\nlast\n');
  }));

test('limit: what is no line and has no end is passed over', async () => {
  await inFolder(async (file) => {
    writeFileSync(file, line('before'));
    for (let at = 0; at < 12; at += 1) appendFileSync(file, 'x'.repeat(256 * 1024));
    appendFileSync(file, `\n${line('after')}`);
    const texts: string[] = [];
    for await (const lines of readLog(reading(file)))
      texts.push(...lines.map(({ data }) => Buffer.from(data).toString()));
    assert.deepEqual(texts.join('').split('\n').filter(Boolean), ['before', 'after']);
  });
});
