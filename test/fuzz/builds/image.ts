// What an image is, read from the archive that `docker save` gives: its tree, entry by entry, and its configuration.
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { extract, type Header } from 'tar-stream';

export interface ImageTree {
  /** Path to a line that says all of it: what is equal in two lines is equal in the files. */
  readonly files: ReadonlyMap<string, string>;
  readonly config: Readonly<Record<string, unknown>>;
  readonly history: readonly string[];
}

interface SavedConfig {
  readonly config?: Record<string, unknown>;
  readonly history?: readonly { readonly created_by?: string; readonly empty_layer?: boolean }[];
}

interface Entry {
  readonly type: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly content: string;
  readonly mtime: number;
  /** Names of one file have one number. */
  readonly inode: number;
  readonly attributes: string;
}

/** No file of a case is as young as this: what is was made by a build, and its time does not count. Seconds since 1970. */
const YOUNG = 1_600_000_000;

export async function readImage(saved: Buffer): Promise<ImageTree> {
  const members = new Map<string, Buffer>();
  await each(saved, (header, content) => {
    members.set(header.name, content);
  });
  const [manifest] = JSON.parse(text(members.get('manifest.json'))) as { Config: string; Layers: string[] }[];
  const file = JSON.parse(text(members.get(manifest?.Config ?? ''))) as SavedConfig;
  const tree = new Map<string, Entry>();
  let inode = 0;
  for (const name of manifest?.Layers ?? []) {
    const layer = members.get(name);
    if (!layer) throw new Error(`the saved image lacks ${name}`);
    const hidden: string[] = [];
    const entries = new Map<string, Entry>();
    await each(layer[0] === 0x1f ? gunzipSync(layer) : layer, (header, content) => {
      const path = posix.join('/', header.name).replace(/(.)\/$/, '$1');
      const base = posix.basename(path);
      if (base === '.wh..wh..opq') hidden.push(`${posix.dirname(path)}/`);
      else if (base.startsWith('.wh.')) hidden.push(posix.join(posix.dirname(path), base.slice(4)));
      else if (header.type === 'link') {
        const target =
          entries.get(posix.join('/', header.linkname ?? '')) ?? tree.get(posix.join('/', header.linkname ?? ''));
        if (target) entries.set(path, target);
      } else
        entries.set(path, {
          type: header.type,
          mode: header.mode ?? 0,
          uid: header.uid ?? 0,
          gid: header.gid ?? 0,
          content:
            header.type === 'file'
              ? createHash('sha256').update(content).digest('hex').slice(0, 12)
              : header.type === 'symlink'
                ? (header.linkname ?? '')
                : '',
          mtime: Math.floor((header.mtime?.getTime() ?? 0) / 1000),
          inode: (inode += 1),
          attributes: Object.entries(header.pax ?? {})
            .filter(([key]) => key.startsWith('SCHILY.xattr.'))
            .map(([key, value]) => `${key}=${value}`)
            .sort()
            .join(','),
        });
    });
    for (const path of hidden)
      for (const known of tree.keys())
        if (path.endsWith('/') ? known.startsWith(path) : known === path || known.startsWith(`${path}/`))
          tree.delete(known);
    for (const [path, entry] of entries) {
      // what replaces a directory hides what was in it
      if (entry.type !== 'directory')
        for (const known of tree.keys()) if (known.startsWith(`${path}/`)) tree.delete(known);
      tree.set(path, entry);
    }
  }
  return { files: lines(tree), config: file.config ?? {}, history: historyOf(file) };
}

function lines(tree: ReadonlyMap<string, Entry>): Map<string, string> {
  const groups = new Map<number, string[]>();
  for (const [path, { inode }] of tree) groups.set(inode, [...(groups.get(inode) ?? []), path].sort());
  const found = new Map<string, string>();
  for (const path of [...tree.keys()].sort()) {
    const { type, mode, uid, gid, content, mtime, inode, attributes } = tree.get(path) as Entry;
    if (path === '/') continue;
    const names = groups.get(inode) ?? [];
    const time = mtime >= YOUNG ? 'now' : String(mtime);
    found.set(
      path,
      [
        type,
        (mode & 0o7777).toString(8),
        `${uid}:${gid}`,
        content,
        time,
        names.length > 1 ? names.join('=') : '',
        attributes,
      ].join(' '),
    );
  }
  return found;
}

function historyOf({ history = [] }: SavedConfig): string[] {
  return history.map((one) => `${one.created_by ?? ''}${one.empty_layer === true ? ' (empty)' : ''}`);
}

function text(content: Buffer | undefined): string {
  if (!content) throw new Error('the saved image lacks a file that it names');
  return content.toString();
}

async function each(archive: Buffer, visit: (header: Header, content: Buffer) => void): Promise<void> {
  const reader = Readable.from([archive]).pipe(extract());
  for await (const entry of reader) visit(entry.header, await buffer(entry));
}
