// A thread with a directory as its root that writes what it is sent: files whose data come mixed, and what is no file.
import { createHash, type Hash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fchmodSync,
  fchownSync,
  futimesSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { isErrno } from '../../base/errors.ts';
import { Room } from '../room.ts';
import { confineThread, mknod, S_IFBLK, S_IFCHR, S_IFIFO, setXattr } from './kernel.ts';
import { fsPath, insidePath } from './tar/inside-path.ts';
import { type Made, RECORD_HEAD, type Received, type ReceiveReply, Record } from './receive-job.ts';
import { ByteRing } from './ring.ts';

/** Finished files are told of in lots. */
const LOT = 256;
/** A file appears under its name when it is whole. */
const UNFINISHED = '/.berth-receiving-';

interface Open {
  readonly made: Made;
  readonly path: string;
  readonly hash: Hash;
  fd: number;
  size: number;
}

const open = new Map<number, Open>();
let finished: Received[] = [];
const room = Room.of('/');

function notify(reply: ReceiveReply): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of a thread, not a window
  parentPort?.postMessage(reply);
}

function flush(): void {
  if (finished.length > 0) notify({ files: finished });
  finished = [];
}

function make(made: Made): void {
  const path = insidePath(made.path);
  const mode = (made.mode ?? 0o644) & 0o7777;
  switch (made.type) {
    case 'remove':
      rmSync(fsPath(path), { recursive: true, force: true });
      return;
    case 'times':
      utimesSync(fsPath(path), made.time ?? 0, made.time ?? 0);
      return;
    case 'file':
      open.set(made.id ?? 0, { made, path, hash: createHash('sha256'), fd: -1, size: 0 });
      return;
    case 'directory':
      try {
        mkdirSync(fsPath(path), mode);
      } catch (error) {
        // another type that was there went by a record of its own
        if (!isErrno(error, 'EEXIST') || !lstatSync(fsPath(path)).isDirectory()) throw error;
      }
      lchownSync(fsPath(path), made.uid ?? 0, made.gid ?? 0);
      chmodSync(fsPath(path), mode);
      attributes(path, made);
      return;
    case 'symlink':
    case 'link':
    case 'fifo':
    case 'char':
    case 'block':
      rmSync(fsPath(path), { force: true, recursive: true });
  }
  const time = made.time ?? 0;
  if (made.type === 'link') {
    linkSync(fsPath(insidePath(made.linkname ?? '')), fsPath(path));
    return;
  }
  if (made.type === 'symlink') symlinkSync(fsPath(made.linkname ?? ''), fsPath(path));
  else {
    const kind = made.type === 'fifo' ? S_IFIFO : made.type === 'char' ? S_IFCHR : S_IFBLK;
    mknod(path, kind | mode, made.major ?? 0, made.minor ?? 0);
  }
  lchownSync(fsPath(path), made.uid ?? 0, made.gid ?? 0);
  if (made.type !== 'symlink') chmodSync(fsPath(path), mode);
  attributes(path, made);
  lutimesSync(fsPath(path), time, time);
}

function attributes(path: string, made: Made): void {
  for (const [key, value] of Object.entries(made.xattrs ?? {})) {
    try {
      setXattr(path, key, value);
    } catch (error) {
      // what a file system does not keep is not asked of it
      if (!isErrno(error, 'ENOTSUP', 'EOPNOTSUPP', 'EPERM')) throw error;
    }
  }
}

function data(id: number, bytes: Buffer): void {
  const file = open.get(id);
  if (!file) throw new Error(`data of a file that was not asked for: ${id}`);
  const unfinished = fsPath(`${UNFINISHED}${id}`);
  if (file.fd < 0) file.fd = openSync(unfinished, 'wx', 0o600);
  if (bytes.length > 0) {
    file.hash.update(bytes);
    for (let at = 0; at < bytes.length; ) at += writeSync(file.fd, bytes, at);
    file.size += bytes.length;
    room.take(bytes.length);
    return;
  }
  const { made } = file;
  // open files are few: as many as the sender sends at a time
  fchownSync(file.fd, made.uid ?? 0, made.gid ?? 0);
  fchmodSync(file.fd, (made.mode ?? 0o644) & 0o7777);
  futimesSync(file.fd, made.time ?? 0, made.time ?? 0);
  closeSync(file.fd);
  // names of the sender were made before their data came: only a file or nothing can be in the way
  renameSync(unfinished, fsPath(file.path));
  attributes(file.path, made);
  open.delete(id);
  finished.push({ id, sha256: file.hash.digest('hex'), size: file.size });
  if (finished.length >= LOT) flush();
}

function run(): void {
  const { root, memory } = workerData as { root: string; memory: SharedArrayBuffer };
  const ring = new ByteRing(memory);
  try {
    confineThread(root);
    let held = Buffer.alloc(0);
    for (let view = ring.readSync(); view; view = ring.readSync()) {
      held = held.length === 0 ? Buffer.from(view) : Buffer.concat([held, view]);
      ring.release(view.length);
      let at = 0;
      while (held.length - at >= RECORD_HEAD) {
        const length = held.readUInt32LE(at + 1);
        if (held.length - at - RECORD_HEAD < length) break;
        const body = held.subarray(at + RECORD_HEAD, at + RECORD_HEAD + length);
        if (held[at] === Record.make) make(JSON.parse(body.toString('latin1')) as Made);
        else data(body.readUInt32LE(0), body.subarray(4));
        at += RECORD_HEAD + length;
      }
      held = held.subarray(at);
      flush();
    }
    if (open.size > 0) throw new Error('the transfer ended within a file');
    notify({ ok: true });
  } catch (error) {
    const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
    notify({ ok: false, message: error instanceof Error ? error.message : String(error), code });
    ring.abort();
  }
}

run();
