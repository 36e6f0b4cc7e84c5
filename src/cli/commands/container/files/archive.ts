// Tar streams to and from the file system of this machine, for `cp` and `build`.
import { dropEnd } from '../../../../base/ends.ts';
import { createReadStream, lstatSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { extract, type Header, pack as packTar } from 'tar-stream';
import { type Attributes, doorOf, partsOf, TreeWriter } from '../../../../files/index.ts';

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

/** Where the archive's root goes: the directory `root` itself, or `name` in it. `root` is followed when it is a link. */
export interface Landing {
  readonly root: string;
  readonly name: string | undefined;
}

/** Puts the archive's root at a place, whatever its name in the archive is; nothing is written outside of it. Gives the bytes of files. */
export async function unpack(
  body: AsyncIterable<Uint8Array>,
  landing: Landing,
  options: { owner: boolean },
): Promise<number> {
  const door = doorOf();
  const root = door.openRoot(landing.root);
  try {
    using writer = new TreeWriter(door, root, { conflict: 'refuse', shown: landing.root });
    return await fill(writer, body, landing, options);
  } finally {
    door.close(root);
  }
}

async function fill(
  writer: TreeWriter,
  body: AsyncIterable<Uint8Array>,
  { root, name }: Landing,
  options: { owner: boolean },
): Promise<number> {
  const reader = extract();
  const source = Readable.from(body, { objectMode: false });
  source.on('error', (error) => reader.destroy(error));
  source.pipe(reader);
  const base = name === undefined ? [] : [name];
  const within = (path: string): string[] => [...base, ...partsOf(belowFirst(path), root)];
  let bytes = 0;
  for await (const entry of reader) {
    const { header } = entry;
    const attributes = attributesOf(header, options.owner);
    const parts = within(header.name);
    if (header.type === 'directory') writer.directory(parts, attributes);
    else if (header.type === 'symlink') writer.symlink(parts, header.linkname ?? '', attributes);
    else if (header.type === 'link') writer.link(parts, within(header.linkname ?? ''));
    else if (header.type === 'file' || header.type === 'contiguous-file') {
      await writer.file(parts, entry as AsyncIterable<Uint8Array>, attributes);
      bytes += header.size ?? 0;
    }
    entry.resume();
  }
  writer.finish();
  return bytes;
}

/** The first part of a name is the root. The archive of `/` has names that begin with a slash, which is the root then. */
function belowFirst(name: string): string {
  const rest = dropEnd(name, '/');
  const slash = rest.indexOf('/');
  return slash < 0 ? '' : rest.slice(slash + 1);
}

/** Of an entry, for who runs this, or with its owner. */
function attributesOf(header: Header, withOwner: boolean): Attributes {
  const { mode, mtime, uid, gid } = header;
  return {
    mode: mode & 0o7777,
    ...(mtime ? { mtime: mtime.getTime() / 1000 } : {}),
    ...(withOwner ? { owner: { uid, gid } } : {}),
  };
}
