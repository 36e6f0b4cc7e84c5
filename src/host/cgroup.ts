// Control groups as files: which layout this host has, and a container's group removed, frozen, listed and read.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../base/errors.ts';

/** v1: one tree a controller; v2: one tree; hybrid: controllers on v1 beside an empty v2 tree. */
export type CgroupLayout = 'v1' | 'hybrid' | 'v2';

export interface CgroupTrees {
  readonly layout: CgroupLayout;
  /** Mount point by controller name (v1), or the one of the unified tree under the name ''. */
  readonly roots: ReadonlyMap<string, string>;
}

/** Reads the layout from the text of /proc/self/mountinfo. */
export function cgroupTrees(mountinfo: string): CgroupTrees {
  const roots = new Map<string, string>();
  let unified: string | undefined;
  for (const line of mountinfo.split('\n')) {
    const [left, right] = line.split(' - ');
    if (left === undefined || right === undefined) continue;
    const point = left.split(' ')[4] ?? '';
    const [type, , superOptions] = right.split(' ');
    if (type === 'cgroup2') unified ??= point;
    if (type !== 'cgroup') continue;
    const options = (superOptions ?? '').split(',');
    for (const option of options) {
      if (!['rw', 'ro', 'xattr'].includes(option) && !option.includes('release_agent')) roots.set(option, point);
    }
  }
  if (roots.size === 0) return { layout: 'v2', roots: new Map([['', unified ?? '/sys/fs/cgroup']]) };
  if (unified !== undefined) roots.set('', unified);
  return { layout: unified === undefined ? 'v1' : 'hybrid', roots };
}

export function observeCgroups(): CgroupTrees {
  return cgroupTrees(readFileSync('/proc/self/mountinfo', 'utf8'));
}

/** Names of the controllers that groups below the root can have. */
export function controllersOf(trees: CgroupTrees): string[] {
  if (trees.layout !== 'v2') return [...trees.roots.keys()].filter((name) => name !== '');
  return (readControl(trees.roots.get(''), 'cgroup.controllers') ?? '').split(' ').filter((name) => name !== '');
}

/** The distinct directories of one group in every tree, whether they exist or not. */
export function groupDirectories(trees: CgroupTrees, path: string): string[] {
  return [...new Set([...trees.roots.values()].map((root) => join(root, path)))];
}

/** Removes a group and the groups below it; true when nothing is left. A group that still holds processes stays. */
export function removeGroup(trees: CgroupTrees, path: string): boolean {
  return groupDirectories(trees, path).map(removeTree).every(Boolean);
}

function removeTree(directory: string): boolean {
  if (removeEmpty(directory)) return true;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) removeTree(join(directory, entry.name));
  }
  return removeEmpty(directory);
}

/** False when the group holds processes or groups. */
function removeEmpty(directory: string): boolean {
  try {
    rmdirSync(directory);
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return true;
    if (isErrno(error, 'EBUSY', 'ENOTEMPTY')) return false;
    throw error;
  }
}

/** Removes a group that holds neither processes nor groups, in every tree where it is. */
export function removeEmptyGroup(trees: CgroupTrees, path: string): void {
  for (const directory of groupDirectories(trees, path)) removeEmpty(directory);
}

/**
 * Where Berth runs in a container on v2, the top of what it sees is a group like any other: it may hold processes or share
 * out its controllers, not both. Its processes are then moved to a group `init` below it. Does nothing on a host of its own.
 * Throws when the groups cannot be written.
 */
export function makeRoomForGroups(trees: CgroupTrees): void {
  const root = trees.layout === 'v2' ? trees.roots.get('') : undefined;
  // only the hierarchy's true root has no type, and it may do both
  if (root === undefined || !existsSync(join(root, 'cgroup.type'))) return;
  const leaf = join(root, 'init');
  for (let attempt = 0; attempt < 10; attempt += 1) {
    const pids = (readControl(root, 'cgroup.procs') ?? '').split('\n').filter((line) => line !== '');
    if (pids.length === 0) return;
    mkdirSync(leaf, { recursive: true });
    for (const pid of pids) moveProcess(leaf, pid);
  }
}

function moveProcess(directory: string, pid: string): void {
  try {
    writeControl(directory, 'cgroup.procs', pid);
  } catch (error) {
    // it ended meanwhile
    if (!isErrno(error, 'ESRCH')) throw error;
  }
}

/** The directory of the controller that a value lives in; undefined when this host has none. */
export function controllerDirectory(trees: CgroupTrees, controller: string, path: string): string | undefined {
  const root = trees.layout === 'v2' ? trees.roots.get('') : trees.roots.get(controller);
  return root === undefined ? undefined : join(root, path);
}

/** A control file's text without the last newline; undefined when it is not there. */
export function readControl(directory: string | undefined, file: string): string | undefined {
  if (directory === undefined) return undefined;
  try {
    return readFileSync(join(directory, file), 'utf8').trimEnd();
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENODEV', 'EOPNOTSUPP', 'EINVAL')) return undefined;
    throw error;
  }
}

export function writeControl(directory: string, file: string, value: string): void {
  writeFileSync(join(directory, file), value);
}

/** Every process of the group and the groups below it. */
export function groupProcesses(trees: CgroupTrees, path: string): number[] {
  const top =
    trees.layout === 'v2'
      ? controllerDirectory(trees, '', path)
      : (controllerDirectory(trees, 'pids', path) ?? controllerDirectory(trees, 'devices', path));
  if (top === undefined || !existsSync(top)) return [];
  const found: number[] = [];
  const walk = (directory: string): void => {
    for (const line of (readControl(directory, 'cgroup.procs') ?? '').split('\n'))
      if (line !== '') found.push(Number(line));
    for (const entry of readdirSync(directory, { withFileTypes: true }))
      if (entry.isDirectory()) walk(join(directory, entry.name));
  };
  walk(top);
  return found;
}

/** Stops or resumes every process of the group; resolves when the kernel says it is done. */
export async function setFrozen(
  trees: CgroupTrees,
  path: string,
  frozen: boolean,
  signal?: AbortSignal,
): Promise<void> {
  const v2 = trees.layout === 'v2';
  const directory = controllerDirectory(trees, 'freezer', path);
  if (directory === undefined) throw new Error('this host has no freezer control group');
  writeControl(
    directory,
    v2 ? 'cgroup.freeze' : 'freezer.state',
    v2 ? (frozen ? '1' : '0') : frozen ? 'FROZEN' : 'THAWED',
  );
  const reached = (): boolean =>
    v2
      ? (readControl(directory, 'cgroup.events') ?? '').includes(`frozen ${frozen ? 1 : 0}`)
      : readControl(directory, 'freezer.state') === (frozen ? 'FROZEN' : 'THAWED');
  for (let attempt = 0; !reached(); attempt += 1) {
    signal?.throwIfAborted();
    if (attempt > 500) throw new Error('the freezer did not answer within 5 s');
    if (!v2 && frozen) {
      // a v1 freezer can hang in FREEZING on a process in a system call: it is let go now and then, and asked again
      if (attempt % 20 === 19) writeControl(directory, 'freezer.state', 'THAWED');
      writeControl(directory, 'freezer.state', 'FROZEN');
    }
    await new Promise((resolve) => setTimeout(resolve, attempt < 5 ? 1 : 10));
  }
}
