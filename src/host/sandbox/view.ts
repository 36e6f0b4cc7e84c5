// What a confined thread sees as its root: a directory, or mounts of its own that end with the thread, whatever happens to it.
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../../base/errors.ts';
import { openBeneath } from '../open-in-root.ts';
import { bind, checked } from '../libc.ts';
import { MS, mount, withoutDevices } from '../mount.ts';
import { mountLayers, mountOverlay } from '../overlay.ts';
import { confineThread } from './kernel.ts';
import { fsPath, parentOf } from './tar/inside-path.ts';
import { resolveInRoot } from './resolve.ts';

/** A directory of the host, or a view that is made for the thread. */
export type Place = string | NamespaceView | StackView | FoldersView | WorkshopView;

/** What the processes of a mount namespace see, without some mounts. */
export interface NamespaceView {
  readonly kind: 'namespace';
  /** An open `/proc/<pid>/ns/mnt`, which holds the namespace even when its processes end. */
  readonly fd: number;
  /** Mount points that are taken away first, in this order; each must be one. */
  readonly hidden: readonly string[];
}

/** Layers as one tree. */
export interface StackView {
  readonly kind: 'stack';
  /** An existing directory where the tree is mounted for the thread. */
  readonly at: string;
  /** Topmost first; at least one. */
  readonly lowerDirs: readonly string[];
  /** Where changes go; without it they go to memory and end with the thread. */
  readonly writable?: { readonly upper: string; readonly work: string };
  readonly binds: readonly BindView[];
}

/** A directory or file of the host that is seen at `target`, a path in the tree (bytes in latin1); made there when it is missing. */
export interface BindView {
  readonly source: string;
  /** What of it is seen; no link leads out of the source. */
  readonly subpath?: string;
  readonly target: string;
  readonly readOnly: boolean;
  readonly recursive: boolean;
}

/** Some directories side by side, for reading. */
export interface FoldersView {
  readonly kind: 'folders';
  readonly at: string;
  readonly folders: readonly { readonly name: string; readonly source: string }[];
}

/** A tree that is written, as `/d`, and places that are read, as `/0`, `/1` … */
export interface WorkshopView {
  readonly kind: 'workshop';
  readonly at: string;
  /** Topmost first; none for a tree with nothing below it. */
  readonly lowerDirs: readonly string[];
  readonly upper: string;
  readonly work: string;
  /** Directories of each place, topmost first. */
  readonly places: readonly (readonly string[])[];
}

const unshareCall = bind('int unshare(int flags)');
const setnsCall = bind('int setns(int fd, int kind)');
const fchdirCall = bind('int fchdir(int fd)');
const chrootCall = bind('int chroot(const char *path)');
const closeCall = bind('int close(int fd)');
const umountCall = bind('int umount2(const char *target, int flags)');
const openTree = bind('long syscall(long number, int dirfd, const char *path, uint flags)');
const moveMount = bind(
  'long syscall(long number, int from, const char *fromPath, int to, const char *toPath, uint flags)',
);

const CLONE_FS = 0x200;
const CLONE_NEWNS = 0x20000;
const MNT_DETACH = 2;
const UMOUNT_NOFOLLOW = 8;
const SYS_OPEN_TREE = 428;
const SYS_MOVE_MOUNT = 429;
const AT_FDCWD = -100;
const OPEN_TREE_CLONE = 1;
const OPEN_TREE_CLOEXEC = 0o2000000;
const AT_RECURSIVE = 0x8000;
const AT_EMPTY_PATH = 0x1000;
const MOVE_MOUNT_F_EMPTY_PATH = 4;

/** Where the thread was before its first job: what it must be able to come back to. */
let home: { readonly root: number; readonly mounts: number } | undefined;

/** Only for a worker thread: from now on it has this root, until it leaves. */
export function enter(place: Place): void {
  home ??= {
    root: openSync('/', constants.O_RDONLY | constants.O_DIRECTORY),
    mounts: openSync('/proc/thread-self/ns/mnt', constants.O_RDONLY),
  };
  if (typeof place === 'string') confineThread(place);
  else if (place.kind === 'namespace') enterNamespace(place);
  else {
    ownMounts('slave');
    if (place.kind === 'stack') enterStack(place);
    else if (place.kind === 'workshop') enterWorkshop(place);
    else enterFolders(place);
  }
}

/** Back to the host's root, and to its mounts: those of the view are gone. */
export function leave(): void {
  if (!home) return;
  if (moved) checked(setnsCall(home.mounts, CLONE_NEWNS) as number, 'setns', 'mount namespace');
  moved = false;
  checked(fchdirCall(home.root) as number, 'fchdir', '/');
  checked(chrootCall('.') as number, 'chroot', '/');
}

/** The thread is in another mount namespace. */
let moved = false;

/**
 * Mounts from here on are seen by this thread only. `slave`: what others unmount is unmounted here too, so that the copies of
 * their mounts do not keep those alive.
 */
function ownMounts(kind: 'private' | 'slave'): void {
  checked(unshareCall(CLONE_FS | CLONE_NEWNS) as number, 'unshare', 'mounts');
  moved = true;
  mount('none', '/', '', MS.REC | (kind === 'slave' ? MS.SLAVE : MS.PRIVATE), '');
}

/**
 * The namespace is copied, so that what is taken away is so for this thread only. Links of /proc lead to files of other
 * processes, out of any root; without /proc there are none, whatever a container puts where.
 */
function enterNamespace(view: NamespaceView): void {
  checked(unshareCall(CLONE_FS) as number, 'unshare', 'root');
  checked(setnsCall(view.fd, CLONE_NEWNS) as number, 'setns', 'mount namespace');
  moved = true;
  ownMounts('private');
  for (const target of view.hidden)
    checked(umountCall(target, MNT_DETACH | UMOUNT_NOFOLLOW) as number, 'umount2', target);
  // the processes go on meanwhile: what was a file when it was looked at may be a device when it is opened
  withoutDevices('/');
  confineThread('/');
}

function enterStack(view: StackView): void {
  const sources: Source[] = [];
  try {
    for (const one of view.binds) sources.push(cloneMount(one));
    confineThread(mountStack(view));
    for (const [index, one] of view.binds.entries()) place(sources[index], one);
    withoutDevices('/');
  } finally {
    // descriptors are the whole process's: they do not end with the thread, and Node would warn of ones it did not open
    for (const { fd } of sources) closeCall(fd);
  }
}

interface Source {
  readonly fd: number;
  readonly isDirectory: boolean;
}

function place(source: Source | undefined, { target, readOnly }: BindView): void {
  if (!source) return;
  const { path } = resolveInRoot(target);
  ensure(path, source.isDirectory);
  const name = Buffer.from(path, 'latin1').toString();
  const moved = moveMount(SYS_MOVE_MOUNT, source.fd, '', AT_FDCWD, name, MOVE_MOUNT_F_EMPTY_PATH);
  checked(Number(moved), 'move_mount', name);
  if (readOnly) mount('none', name, '', MS.REMOUNT | MS.BIND | MS.RDONLY, '');
}

/** A copy of what is mounted there, taken before the thread has its new root: no name in that root can lead to another. */
function cloneMount({ source, subpath, recursive }: BindView): Source {
  const flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0);
  const clone = (at: number, path: string, more: number): number =>
    checked(Number(openTree(SYS_OPEN_TREE, at, path, flags | more)), 'open_tree', source);
  if (subpath === undefined) return { fd: clone(AT_FDCWD, source, 0), isDirectory: statSync(source).isDirectory() };
  const part = openBeneath(source, subpath);
  try {
    return { fd: clone(part, '', AT_EMPTY_PATH), isDirectory: fstatSync(part).isDirectory() };
  } finally {
    closeSync(part);
  }
}

function mountStack({ at, lowerDirs, writable }: StackView): string {
  if (writable) {
    mountOverlay({ lowerDirs, ...writable, volatile: false }, at);
    return at;
  }
  mount('tmpfs', at, 'tmpfs', MS.NOSUID | MS.NODEV, 'mode=700');
  const [upper, work, merged] = [`${at}/upper`, `${at}/work`, `${at}/merged`];
  for (const folder of [upper, work, merged]) mkdirSync(folder);
  const top = statSync(lowerDirs[0] ?? at);
  chmodSync(upper, top.mode & 0o7777);
  chownSync(upper, top.uid, top.gid);
  utimesSync(upper, top.atimeMs / 1000, top.mtimeMs / 1000);
  mountOverlay({ lowerDirs, upper, work, volatile: false }, merged);
  return merged;
}

function ensure(path: string, isDirectory: boolean): void {
  mkdirSync(fsPath(isDirectory ? path : parentOf(path)), { recursive: true, mode: 0o755 });
  if (isDirectory) return;
  try {
    writeFileSync(fsPath(path), '', { flag: 'wx', mode: 0o755 });
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
  }
}

function enterFolders({ at, folders }: FoldersView): void {
  mount('tmpfs', at, 'tmpfs', MS.NOSUID | MS.NODEV, 'mode=700');
  for (const { name, source } of folders) {
    mkdirSync(`${at}/${name}`);
    mount(source, `${at}/${name}`, '', MS.BIND, '');
  }
  withoutDevices(at);
  confineThread(at);
}

function enterWorkshop({ at, lowerDirs, upper, work, places }: WorkshopView): void {
  mount('tmpfs', at, 'tmpfs', MS.NOSUID | MS.NODEV, 'mode=700');
  mkdirSync(`${at}/d`);
  if (lowerDirs.length > 0) {
    // without waiting for the disk when it is unmounted: whoever keeps the tree sees to that. The kernel's mark of it would
    // stop the next mount
    rmSync(join(work, 'work', 'incompat'), { recursive: true, force: true });
    mountOverlay({ lowerDirs, upper, work, volatile: true }, `${at}/d`);
  } else mount(upper, `${at}/d`, '', MS.BIND, '');
  for (const [index, layers] of places.entries()) {
    const target = `${at}/${index}`;
    mkdirSync(target);
    const [only] = layers;
    if (layers.length === 1 && only !== undefined) mount(only, target, '', MS.BIND, '');
    else if (layers.length > 1) mountLayers(layers, target);
  }
  withoutDevices(at);
  confineThread(at);
}
