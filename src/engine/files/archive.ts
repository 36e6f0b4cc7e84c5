// `docker cp`: what is at a path of a container, out of it and into it.
import { BerthError, conflict, invalid, isErrno, messageOf, notFound } from '../../base/errors.ts';
import { copyIn, copyOut, readTexts, statBelow } from '../../host/sandbox/index.ts';
import { lookupUser } from '../../runtime/user/index.ts';
import { decompress, peekCompression } from '../../store/index.ts';
import type { Container } from '../container/container.ts';
import { type EngineContext, emit } from '../container/context.ts';
import { bytesOf } from './bytes.ts';
import { type PathStat, pathStat } from './path-stat.ts';
import { type OpenPlace, openPlace, withWritablePlace } from './place.ts';

export type { PathStat } from './path-stat.ts';

export interface PutOptions {
  /** A directory of the container, or a link to one. */
  readonly path: string;
  /** A tar, plain or compressed. */
  readonly archive: AsyncIterable<Uint8Array>;
  /** A directory is not replaced by something else, nor the other way round. */
  readonly keepTypes: boolean;
  /** Everything belongs to the container's user, whatever the archive says. */
  readonly asUser: boolean;
}

/** Throws notFound when there is nothing, and other system errors as they are. */
export async function archiveInfo(context: EngineContext, reference: string, path: string): Promise<PathStat> {
  const container = reachable(context, reference);
  await using opened = await openPlace(context, container);
  try {
    return pathStat(await statBelow(opened.place, bytesOf(path)));
  } catch (error) {
    throw refusal(error, reference, path);
  }
}

export interface GotArchive {
  readonly stat: PathStat;
  readonly archive: AsyncIterable<Uint8Array>;
}

/** The archive must be read, or `signal` be aborted: a thread and what it has mounted wait for it. */
export async function getArchive(
  context: EngineContext,
  reference: string,
  path: string,
  signal: AbortSignal,
): Promise<GotArchive> {
  const container = reachable(context, reference);
  const opened = await openPlace(context, container);
  let copy: Awaited<ReturnType<typeof copyOut>>;
  try {
    copy = await copyOut(opened.place, bytesOf(path), signal);
  } catch (error) {
    await opened[Symbol.asyncDispose]();
    throw refusal(error, reference, path);
  }
  emit(context, container, 'archive-path');
  return { stat: pathStat(copy.stat), archive: drained(copy, opened) };
}

async function* drained(copy: Awaited<ReturnType<typeof copyOut>>, opened: OpenPlace): AsyncGenerator<Buffer, void> {
  try {
    yield* copy.archive;
  } finally {
    copy[Symbol.dispose]();
    await opened[Symbol.asyncDispose]();
  }
}

/** Throws invalid for an archive or a place that is refused, notFound when there is no such place. */
export function putArchive(
  context: EngineContext,
  reference: string,
  request: PutOptions,
  signal: AbortSignal,
): Promise<void> {
  const container = reachable(context, reference);
  return withWritablePlace(context, container, async (opened) => {
    const owner = request.asUser ? await ownerIn(container, opened) : undefined;
    const { compression, stream } = await peekCompression(request.archive);
    const { record } = container;
    try {
      await copyIn(
        opened.place,
        decompress(stream, compression),
        {
          path: bytesOf(request.path),
          readOnlyRoot: record.hostConfig.ReadonlyRootfs,
          mounts: record.mounts
            .filter((mount) => mount.Type !== 'tmpfs' || opened.live)
            .map((mount) => ({ target: bytesOf(mount.Destination), rw: mount.RW })),
          keepTypes: request.keepTypes,
          ...(owner ? { owner } : {}),
        },
        signal,
      );
    } catch (error) {
      throw refusal(error, reference, request.path);
    }
    emit(context, container, 'extract-to-dir');
  });
}

function reachable(context: EngineContext, reference: string): Container {
  const container = context.registry.get(reference);
  if (container.state.phase === 'dead')
    throw conflict('container is marked for removal and cannot be copied from or to');
  return container;
}

async function ownerIn(container: Container, { place }: OpenPlace): Promise<{ uid: number; gid: number } | undefined> {
  const { User } = container.record.config;
  if (User === '') return undefined;
  const [passwd = '', group = ''] = await readTexts(place, ['/etc/passwd', '/etc/group']);
  try {
    const { uid, gid } = lookupUser(passwd, group, User);
    return { uid, gid };
  } catch (error) {
    const words = messageOf(error).replace(/^unable to find (?:user|group) \S+: /, '');
    throw invalid(`failed to look up user "${User}" in container: ${words}`, { cause: error });
  }
}

function refusal(error: unknown, reference: string, path: string): unknown {
  if (isErrno(error, 'ENOENT'))
    return notFound(`Could not find the file ${path} in container ${reference}`, { cause: error });
  if (isErrno(error, 'ENOSPC')) return new BerthError('exhausted', 'no space left on device', { cause: error });
  return error;
}
