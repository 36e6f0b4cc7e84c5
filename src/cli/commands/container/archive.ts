// Tar streams to and from the file system of this machine, for `cp` and `build`.
import { dropEnd } from '../../../base/ends.ts';
import {
  chmodSync,
  createReadStream,
  linkSync,
  lchownSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeSync,
  openSync,
  closeSync,
} from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import { Readable } from 'node:stream';
import { extract, pack as packTar } from 'tar-stream';
import { Failure } from '../../grammar/index.ts';

export interface Packed {
  readonly stream: AsyncIterable<Uint8Array>;
  /** bytes given out so far */
  size(): number;
}

/** The file or directory at `path`, under the name `name` ('.' for its content alone). */
export function pack(
  path: string,
  name: string,
  options: { follow?: boolean; owner?: boolean; skip?: (relative: string) => boolean } = {},
): Packed {
  const archive = packTar();
  let size = 0;
  void add(archive, path, name, options).then(
    () => archive.finalize(),
    (error: unknown) => archive.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of archive as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      yield chunk;
    }
  }
  return { stream: counted(), size: () => size };
}

type Archive = ReturnType<typeof packTar>;

async function add(
  archive: Archive,
  path: string,
  name: string,
  options: { follow?: boolean; owner?: boolean; skip?: (relative: string) => boolean },
): Promise<void> {
  const stat = options.follow ? statSync(path) : lstatSync(path);
  const header = {
    name,
    mode: stat.mode & 0o7777,
    mtime: new Date(Math.floor(stat.mtimeMs / 1000) * 1000),
    ...(options.owner === false ? {} : { uid: stat.uid, gid: stat.gid }),
  };
  const entry = (more: object, data?: string): Promise<void> =>
    new Promise((done, fail) =>
      archive.entry({ ...header, ...more }, data ?? '', (error) => (error ? fail(error) : done())),
    );
  if (stat.isSymbolicLink()) return entry({ type: 'symlink', linkname: readlinkSync(path), size: 0 });
  if (stat.isDirectory()) {
    if (name !== '.') await entry({ type: 'directory', name: `${name}/`, size: 0 });
    for (const child of readdirSync(path).sort()) {
      const inner = name === '.' ? child : `${name}/${child}`;
      if (options.skip?.(inner)) continue;
      await add(archive, join(path, child), inner, { ...options, follow: false });
    }
    return;
  }
  if (stat.isFIFO()) return entry({ type: 'fifo', size: 0 });
  if (!stat.isFile()) return;
  await new Promise<void>((done, fail) => {
    const sink = archive.entry({ ...header, size: stat.size }, (error) => (error ? fail(error) : done()));
    createReadStream(path).on('error', fail).pipe(sink);
  });
}

/** Puts the archive's root at `target`, whatever its name in the archive is; nothing is written outside of it. Gives the bytes of files. */
export async function unpack(
  body: AsyncIterable<Uint8Array>,
  target: string,
  options: { owner: boolean },
): Promise<number> {
  const place = resolve(target);
  const reader = extract();
  const source = Readable.from(body, { objectMode: false });
  source.on('error', (error) => reader.destroy(error));
  source.pipe(reader);
  const times: (() => void)[] = [];
  let bytes = 0;
  for await (const entry of reader) {
    const { header } = entry;
    const path = inside(place, header.name);
    safeParent(place, path);
    const { type } = header;
    if (type === 'directory') mkdirSync(path, { recursive: true });
    else if (type === 'symlink') {
      rmSync(path, { force: true });
      symlinkSync(header.linkname ?? '', path);
    } else if (type === 'link') {
      rmSync(path, { force: true });
      linkSync(inside(place, header.linkname ?? ''), path);
    } else if (type === 'file' || type === 'contiguous-file') {
      rmSync(path, { force: true });
      const file = openSync(path, 'wx', 0o600);
      for await (const chunk of entry as AsyncIterable<Uint8Array>) {
        for (let at = 0; at < chunk.length; ) at += writeSync(file, chunk, at);
        bytes += chunk.length;
      }
      closeSync(file);
    }
    entry.resume();
    if (type !== 'directory' && type !== 'symlink' && type !== 'link' && type !== 'file') continue;
    if (options.owner) lchownSync(path, header.uid ?? 0, header.gid ?? 0);
    if (type !== 'symlink') chmodSync(path, header.mode ?? 0o644);
    const { mtime } = header;
    if (mtime) times.push(() => lutimesSync(path, mtime, mtime));
  }
  // Directories get their times last, when nothing is put into them any more.
  for (const set of times.reverse()) set();
  return bytes;
}

/** The first part of a name is the root, which `place` stands for. */
function inside(place: string, name: string): string {
  // The archive of `/` has names that begin with a slash, which is the root then.
  const rest = dropEnd(name, '/');
  const slash = rest.indexOf('/');
  const path = slash < 0 ? place : resolve(place, rest.slice(slash + 1));
  if (path !== place && !path.startsWith(place.endsWith(sep) ? place : place + sep))
    throw new Failure(`${JSON.stringify(name)} lies outside of ${JSON.stringify(place)}`);
  return path;
}

/** A symlink of the archive must not lead a later entry out of `place`. */
function safeParent(place: string, path: string): void {
  for (let at = dirname(path); at.length > place.length; at = dirname(at)) {
    if (lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink())
      throw new Failure(`${JSON.stringify(at)} is a symbolic link`);
  }
}
