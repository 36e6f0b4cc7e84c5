// Small trees of files: made by chance, written to a directory as a build context, or packed as an archive with owners.
import {
  chmodSync,
  existsSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { type Header, pack } from 'tar-stream';
import type { Random } from './random.ts';

export interface FuzzFile {
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink' | 'link' | 'fifo';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Content of a file, target of a link. */
  readonly text: string;
  /** Seconds since 1970. */
  readonly mtime: number;
}

const NAMES = ['a', 'b', 'c', 'a.txt', 'b.txt', 'Ab', '.hid', 'x y', 'q.tar'];
const DIRECTORY_MODES = [0o755, 0o700, 0o711, 0o1777, 0o2755, 0o750];
const FILE_MODES = [0o644, 0o600, 0o755, 0o4755, 0o444];

/** `owned`: with owners, and with what no checkout has. A directory comes before what is in it. */
export function someFiles(random: Random, owned: boolean): FuzzFile[] {
  const files = new Map<string, FuzzFile>();
  const directories = [''];
  for (let count = random.between(2, 9); count > 0; count -= 1) {
    const parent = random.pick(directories);
    const path = parent === '' ? random.pick(NAMES) : `${parent}/${random.pick(NAMES)}`;
    if (files.has(path) || path.split('/').length > 4) continue;
    const plain = [...files.values()].filter(({ type }) => type === 'file');
    const kind = random.between(0, 11);
    const base = {
      path,
      uid: owned ? random.pick([0, 0, 5, 1000]) : 0,
      gid: owned ? random.pick([0, 6, 1000]) : 0,
      mtime: random.pick([0, 1_000_000_000, 1_234_567_890]),
      text: '',
    };
    if (kind < 4) {
      files.set(path, { ...base, type: 'directory', mode: random.pick(DIRECTORY_MODES) });
      directories.push(path);
    } else if (kind === 4) {
      // most lead somewhere
      const absolute = [...files.keys()].map((one) => `/${one}`);
      const targets = [...absolute, ...absolute, ...files.keys(), '..', '.', '/', 'nowhere', '/a'];
      files.set(path, { ...base, type: 'symlink', mode: 0o777, text: random.pick(targets) });
    } else if (kind === 5 && plain.length > 0) {
      const target = random.pick(plain);
      files.set(path, { ...target, path, type: 'link', text: target.path });
    } else if (kind === 6 && owned) files.set(path, { ...base, type: 'fifo', mode: random.pick(FILE_MODES) });
    else
      files.set(path, {
        ...base,
        type: 'file',
        mode: random.pick(FILE_MODES),
        text: 'x'.repeat(random.between(0, 5)) + path,
      });
  }
  return [...files.values()];
}

/** Only what a checkout can have: owners are those of who writes. */
export function writeFiles(directory: string, files: readonly FuzzFile[]): void {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  for (const { path, type, mode, text, mtime } of files) {
    const at = join(directory, path);
    mkdirSync(dirname(at), { recursive: true });
    if (type === 'directory') mkdirSync(at, { recursive: true });
    else if (type === 'symlink') symlinkSync(text, at);
    else if (type === 'link') {
      // a case that was made smaller may have lost it
      if (existsSync(join(directory, text))) linkSync(join(directory, text), at);
    } else writeFileSync(at, text);
    if (type === 'symlink') lutimesSync(at, mtime, mtime);
    else if (type !== 'link') chmodSync(at, mode);
    if (type === 'file') utimesSync(at, mtime, mtime);
  }
  for (const { path, type, mtime } of [...files].reverse())
    if (type === 'directory') utimesSync(join(directory, path), mtime, mtime);
}

export async function packFiles(files: readonly FuzzFile[]): Promise<Buffer> {
  const archive = pack();
  for (const { path, type, mode, uid, gid, text, mtime } of files) {
    const headers: Partial<Header> & { name: string } = {
      name: path,
      type,
      mode,
      uid,
      gid,
      mtime: new Date(mtime * 1000),
    };
    if (type === 'symlink' || type === 'link') headers.linkname = text;
    archive.entry(headers, type === 'file' ? text : '');
  }
  archive.finalize();
  return buffer(archive);
}
