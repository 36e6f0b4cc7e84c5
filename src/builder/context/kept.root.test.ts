import assert from 'node:assert/strict';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Log } from '../../base/log.ts';
import { type KeptEntry, Trees } from './trees.ts';
import { type FileCall, type FileMessage, syncTree } from '../buildkit/session/filesync.ts';

/** What a client has: a path to what is there. */
type Files = ReadonlyMap<string, { readonly type: KeptEntry['type']; readonly text: string; readonly time: number }>;

const entryOf = ({ type, text, time }: { type: KeptEntry['type']; text: string; time: number }): KeptEntry => ({
  type,
  mode: type === 'directory' ? 0o755 : type === 'symlink' ? 0o777 : 0o644,
  size: type === 'file' ? text.length : 0,
  sha256: '',
  linkname: type === 'symlink' ? text : '',
  hardlink: '',
  uid: 0,
  gid: 0,
  modTime: `${time}000000000`,
  major: 0,
  minor: 0,
});

/** A client with these files; one that `breaks` is gone after so many of its messages. */
function client(files: Files, breaks = Infinity): FileCall {
  const rows = [...files];
  const asked: number[] = [];
  let finished = false;
  let wake = (): void => undefined;
  async function* messages(): AsyncGenerator<FileMessage> {
    let sent = 0;
    const count = (): void => {
      if ((sent += 1) > breaks) throw new Error('the client is gone');
    };
    for (const [path, file] of rows) {
      count();
      yield { kind: 'entry', path, entry: entryOf(file), bytes: 1 };
    }
    yield { kind: 'walked', bytes: 1 };
    while (!finished) {
      for (let id = asked.shift(); id !== undefined; id = asked.shift()) {
        count();
        yield { kind: 'data', id, data: Buffer.from(rows[id]?.[1].text ?? ''), bytes: 1 };
        count();
        yield { kind: 'data', id, data: Buffer.alloc(0), bytes: 1 };
      }
      if (!finished && asked.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  return {
    messages: messages(),
    async request(id) {
      asked.push(id);
      wake();
    },
    async finish() {
      finished = true;
      wake();
    },
    cancel: () => undefined,
  };
}

/** What is on the disk, as a client would have it. */
function onDisk(directory: string): Map<string, string> {
  const found = new Map<string, string>();
  const walk = (below: string): void => {
    for (const name of readdirSync(join(directory, below)).sort()) {
      const path = below === '' ? name : `${below}/${name}`;
      const at = join(directory, path);
      const stat = lstatSync(at);
      if (stat.isDirectory()) {
        found.set(path, 'directory');
        walk(path);
      } else if (stat.isSymbolicLink()) found.set(path, `symlink ${readlinkSync(at)}`);
      else if (stat.isFIFO()) found.set(path, 'fifo');
      else found.set(path, `file ${readFileSync(at, 'utf8')}`);
    }
  };
  walk('');
  return found;
}

const shown = (files: Files): Map<string, string> =>
  new Map([...files].map(([path, { type, text }]) => [path, `${type} ${text}`.trim()]));

const name = fc.constantFrom('a', 'b', 'c');
const kind = fc.constantFrom(
  { type: 'file' as const, text: 'one', time: 1 },
  { type: 'file' as const, text: 'other', time: 2 },
  { type: 'directory' as const, text: '', time: 1 },
  { type: 'directory' as const, text: '', time: 2 },
  { type: 'symlink' as const, text: '/', time: 1 },
  { type: 'symlink' as const, text: 'b', time: 1 },
  { type: 'fifo' as const, text: '', time: 1 },
);
const tree = fc.array(fc.tuple(fc.array(name, { minLength: 1, maxLength: 3 }), kind), { maxLength: 10 }).map(treeOf);

/** Only what has its directories, in the order of a walk. */
function treeOf(
  pairs: readonly (readonly [readonly string[], { type: KeptEntry['type']; text: string; time: number }])[],
): Files {
  const all = new Map(pairs.map(([path, one]) => [path.join('/'), one]));
  const walk = (parent: string): [string, { type: KeptEntry['type']; text: string; time: number }][] =>
    ['a', 'b', 'c'].flatMap((one) => {
      const path = parent === '' ? one : `${parent}/${one}`;
      const file = all.get(path);
      return file ? [[path, file], ...(file.type === 'directory' ? walk(path) : [])] : [];
    });
  return new Map(walk(''));
}

const builds = fc.array(
  fc.record({ files: tree, breaks: fc.option(fc.nat(20), { nil: Infinity, freq: 5 }), wait: fc.boolean() }),
  {
    minLength: 2,
    maxLength: 6,
  },
);

test('a kept tree takes every change of type from one build to the next, also after builds that broke off', async () => {
  const root = mkdtempSync(join(tmpdir(), 'berth-kept-'));
  const log = { warn: (text: string) => assert.fail(text) } as unknown as Log;
  let count = 0;
  try {
    await fc.assert(
      fc.asyncProperty(builds, async (all) => {
        const own = join(root, String((count += 1)));
        let trees = new Trees(own, log);
        for (const { files, breaks, wait } of all) {
          const held = trees.hold('one');
          const work = syncTree(
            () => client(files, breaks),
            held,
            () => undefined,
            new AbortController().signal,
          );
          try {
            const manifest = await work;
            assert.deepEqual([...manifest.keys()], [...files.keys()]);
            assert.deepEqual(onDisk(held.directory), shown(files));
          } catch (error) {
            if (breaks === Infinity || !(error instanceof Error) || error.message !== 'the client is gone') throw error;
          } finally {
            held.release();
          }
          // a daemon that starts again reads what is kept
          if (wait) trees = new Trees(own, log);
        }
      }),
      { numRuns: 12 },
    );
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
