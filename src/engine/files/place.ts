// Where a confined thread finds a container's files: as its processes see them, or put together for the thread from its layers.
import { closeSync, existsSync, openSync } from 'node:fs';
import { ZERO_TIME } from '../../base/clock.ts';
import { Undo } from '../../base/disposal.ts';
import { isErrno, notFound } from '../../base/errors.ts';
import type { BindView, Place } from '../../host/sandbox/index.ts';
import { mountsSeenBy } from '../../host/mount.ts';
import type { Container } from '../container/container.ts';
import type { EngineContext } from '../container/context.ts';
import { hasProcess } from '../lifecycle/index.ts';
import { openPart } from '../prepare/places.ts';
import { unmountRootfs } from '../prepare/rootfs.ts';
import type { MountRecord } from '../container/record.ts';
import { bytesOf } from './bytes.ts';

export interface OpenPlace extends AsyncDisposable {
  readonly place: Place;
  /** True while the container has processes, which see the same files. */
  readonly live: boolean;
}

/** What the kernel shows of itself is no file of the container, and its links lead out of every root. */
const KERNEL_TYPES = new Set([
  'proc',
  'sysfs',
  'cgroup',
  'cgroup2',
  'mqueue',
  'devpts',
  'devtmpfs',
  'debugfs',
  'tracefs',
]);

/** The container's files with its volumes, for reading. Disposed of when no thread works in it any more. */
export async function openPlace(context: EngineContext, container: Container): Promise<OpenPlace> {
  return livePlace(context, container) ?? (await restingPlace(context, container, false));
}

/**
 * The same for changing them. While there are no processes the container's lock is held, since its layer must not be
 * mounted twice for writing.
 */
export async function withWritablePlace(
  context: EngineContext,
  container: Container,
  use: (opened: OpenPlace) => Promise<void>,
): Promise<void> {
  const live = livePlace(context, container);
  if (live) {
    await using opened = live;
    await use(opened);
    return;
  }
  await context.locks.run(container.id, async () => {
    if (context.registry.find(container.id) === undefined) throw notFound(`No such container: ${container.id}`);
    await using opened = livePlace(context, container) ?? (await restingPlace(context, container, true));
    await use(opened);
  });
}

/** The layer alone, without mounts, as it is exported. */
export function layerPlace(context: EngineContext, container: Container): Place {
  const paths = context.paths.of(container.id);
  if (hasProcess(container.state.phase)) return paths.merged;
  return { kind: 'stack', at: paths.merged, lowerDirs: [paths.upper, ...container.record.lowerDirs], binds: [] };
}

/** undefined when there is no process, or it just ended. */
function livePlace(context: EngineContext, container: Container): OpenPlace | undefined {
  const { process, phase } = container.state;
  if (!hasProcess(phase) || !process) return undefined;
  let fd: number;
  try {
    fd = openSync(`/proc/${process.pid}/ns/mnt`, 'r');
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH')) return undefined;
    throw error;
  }
  const hidden = mountsSeenBy(process.pid)
    .filter(({ target, type }) => KERNEL_TYPES.has(type) || target === '/dev')
    .map(({ target }) => target)
    .reverse();
  // only now is it sure that both belong to the container's process and not to another of the same number
  if (!context.runtime.alive(process, context.boot)) {
    closeSync(fd);
    return undefined;
  }
  return {
    place: { kind: 'namespace', fd, hidden },
    live: true,
    [Symbol.asyncDispose]: () => Promise.resolve(closeSync(fd)),
  };
}

async function restingPlace(context: EngineContext, container: Container, writable: boolean): Promise<OpenPlace> {
  const { record } = container;
  const paths = context.paths.of(container.id);
  await using undo = new Undo(context.log);
  const releases: (() => Promise<void>)[] = [];
  const binds: BindView[] = [];
  const unfilled: MountRecord[] = [];
  for (const mount of record.mounts.toSorted((a, b) => a.Destination.length - b.Destination.length)) {
    let source = mount.Source;
    if (mount.Type === 'volume') {
      const name = mount.Name ?? '';
      const { Destination: destination, RW: rw, Propagation: propagation } = mount;
      const root = await context.volumes.acquire(name, container.id, { destination, rw, propagation });
      const release = (): Promise<void> => context.volumes.release(name, container.id);
      undo.add(`volume ${name}`, release);
      releases.push(release);
      source = root;
      // says in Docker's words what is wrong with it
      if (mount.subpath !== undefined) closeSync(openPart(root, mount.subpath));
      if (mount.copyUp === true && mount.subpath === undefined) unfilled.push(mount);
    } else if (mount.Type !== 'bind' || !existsSync(source)) continue;
    const { subpath, recursive = true } = mount;
    const part = subpath === undefined ? {} : { subpath };
    binds.push({ source, ...part, target: bytesOf(mount.Destination), readOnly: !mount.RW, recursive });
  }
  for (const [source, target] of [
    [paths.hosts, '/etc/hosts'],
    [paths.hostname, '/etc/hostname'],
    [paths.resolvConf, '/etc/resolv.conf'],
  ] as const) {
    if (existsSync(source) && !record.mounts.some((mount) => mount.Destination === target))
      binds.push({ source, target, readOnly: record.hostConfig.ReadonlyRootfs, recursive: false });
  }
  const filled = (): Promise<void> => fill(context, container, unfilled);
  if (unfilled.length > 0) await (writable ? filled() : context.locks.run(container.id, filled));
  undo.keep();
  const { upper, work, merged } = paths;
  return {
    place: writable
      ? { kind: 'stack', at: merged, lowerDirs: record.lowerDirs, writable: { upper, work }, binds }
      : { kind: 'stack', at: merged, lowerDirs: [upper, ...record.lowerDirs], binds },
    live: false,
    [Symbol.asyncDispose]: async () => {
      for (const release of releases) await release();
    },
  };
}

/**
 * New volumes get what the image has at their place before anyone sees them empty, or puts something into them. The caller
 * holds the container's lock.
 */
async function fill(context: EngineContext, container: Container, mounts: readonly MountRecord[]): Promise<void> {
  if (container.state.phase !== 'created' || container.state.startedAt !== ZERO_TIME) return;
  const { upper, work, merged } = context.paths.of(container.id);
  context.mounts.overlay({ lowerDirs: container.record.lowerDirs, upper, work, volatile: false }, merged);
  try {
    for (const mount of mounts) await context.volumes.copyUp(mount.Name ?? '', merged, mount.Destination);
  } finally {
    await unmountRootfs(context, container);
  }
}
