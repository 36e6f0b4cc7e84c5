// A directory of the client as a context: files one by one, or all of them into a copy that is kept for the next build.
import { invalid } from '../../base/errors.ts';
import { FRAME, type SentEntry } from '../../spec/berth/build.ts';
import { type FileCall, type FileMessage, reporter, syncTree } from '../buildkit/session/filesync.ts';
import type { KeptEntry, Trees } from '../context/trees.ts';
import type { ContextSource } from '../model/request.ts';
import type { Link } from './link.ts';

const TYPES: Readonly<Record<SentEntry[0], KeptEntry['type']>> = {
  f: 'file',
  d: 'directory',
  l: 'symlink',
  p: 'fifo',
  c: 'char',
  b: 'block',
};

export function linkSource(link: Link, trees: Trees, name: string, key: string, label: string): ContextSource {
  const asked = new Map<string, Promise<Uint8Array | undefined>>();
  const read = (path: string, limit: number, signal: AbortSignal): Promise<Uint8Array | undefined> => {
    const before = asked.get(path);
    if (before) return before;
    const found = readFile(link, name, path, limit, signal);
    found.catch(() => undefined);
    asked.set(path, found);
    return found;
  };
  return {
    label,
    readFile(path, limit, signal) {
      const found = read(path, limit, signal);
      // what is asked for after a Dockerfile is asked for along with it, to save the ways to the client and back
      for (const one of path.endsWith('.dockerignore') ? [] : [`${path}.dockerignore`, '.dockerignore'])
        void read(one, limit, signal);
      return found;
    },
    async sync(options, report, signal) {
      const tree = trees.hold(`${key}:${name}`);
      try {
        const open = (until: AbortSignal): FileCall => fileCall(link, name, options.exclude, until);
        const manifest = await syncTree(open, tree, reporter(label, report), signal);
        return { directory: tree.directory, manifest, [Symbol.asyncDispose]: async () => tree.release() };
      } catch (error) {
        tree.release();
        throw error;
      }
    },
  };
}

async function readFile(
  link: Link,
  source: string,
  path: string,
  limit: number,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  await using channel = await link.ask({ kind: 'read', source, path, limit });
  const { found } = await channel.json<{ found: boolean }>(signal);
  if (!found) return undefined;
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of channel.data(signal)) {
    size += part.length;
    if (size > limit) throw invalid(`${path} is larger than ${limit} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function fileCall(link: Link, source: string, exclude: readonly string[], signal: AbortSignal): FileCall {
  const opened = link.ask({ kind: 'sync', source, exclude });
  opened.catch(() => undefined);
  let wanted: number[] = [];
  /** Requests go out together once the entries of a frame were looked at. */
  const flush = async (): Promise<void> => {
    if (wanted.length === 0) return;
    const want = wanted;
    wanted = [];
    await (await opened).send(FRAME.json, JSON.stringify({ want }));
  };
  async function* messages(): AsyncGenerator<FileMessage, void, undefined> {
    await using channel = await opened;
    for (let one = await channel.next(signal); one; one = await channel.next(signal)) {
      if (one.kind === FRAME.data) {
        const id = one.payload.readUInt32BE(0);
        yield { kind: 'data', id, data: one.payload.subarray(4), bytes: one.payload.length };
        continue;
      }
      const { entries, walked } = JSON.parse(one.payload.toString()) as { entries?: SentEntry[]; walked?: boolean };
      const bytes = one.payload.length / Math.max(1, entries?.length ?? 1);
      for (const entry of entries ?? []) yield { kind: 'entry', path: entry[1], entry: entryOf(entry), bytes };
      await flush();
      if (walked === true) yield { kind: 'walked', bytes: 0 };
    }
  }
  return {
    messages: messages(),
    request(id) {
      wanted.push(id);
      return Promise.resolve();
    },
    async finish() {
      await (await opened).send(FRAME.end);
    },
    cancel() {
      void opened.then((channel) => channel.send(FRAME.error, 'cancelled'));
    },
  };
}

function entryOf([type, , mode, size, modTime, linkname]: SentEntry): KeptEntry {
  const kind = TYPES[type];
  return {
    type: kind,
    mode,
    size: kind === 'file' ? size : 0,
    sha256: '',
    linkname: kind === 'file' ? '' : linkname,
    hardlink: kind === 'file' ? linkname : '',
    uid: 0,
    gid: 0,
    modTime,
    major: 0,
    minor: 0,
  };
}
