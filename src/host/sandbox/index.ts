// Archives unpacked, packed and taken apart by threads that see one directory and nothing else.
import { cancelled, internal, invalid, messageOf } from '../../base/errors.ts';
import type { Job, JoinResult, Results, UnpackResult } from './job.ts';
import type { Changes } from './changes.ts';
import type { CopyTreeOptions } from '../tree/copy.ts';
import type { MeasureUnit } from '../tree/measure.ts';
import type { CopyInOptions, FileStat } from './copy.ts';
import type { Manifest, ScanOptions } from './manifest.ts';
import type { DigestOptions, PackDigest, PackOptions } from './pack.ts';
import type { PlaceOptions } from './place.ts';
import { runJob } from './pool.ts';
import { ByteRing, RingAborted } from './ring.ts';
import type { Spooled, SpoolOptions } from './spool.ts';
import type { UnpackOptions } from './unpack.ts';
import type { FoldersView, Place, WorkshopView } from './view.ts';

export { syncFileSystem } from './kernel.ts';
export type { UnpackResult } from './job.ts';
export type { Manifest, ManifestEntry } from './manifest.ts';
export { type ModeChange, parseMode } from './mode.ts';
export type { PackOptions } from './pack.ts';
export type { Owner, PlaceGroup, PlaceOptions } from './place.ts';
export type { Spooled, SpooledLayer, SpoolOptions } from './spool.ts';
export { isTarHeader } from './tar/header.ts';
export { header as tarHeader, padding as tarPadding, TRAILER as TAR_TRAILER } from './tar/write.ts';
export type { Change, Changes, ChangeKind } from './changes.ts';
export type { CopyInOptions, FileStat } from './copy.ts';
export { canInflateSync } from './inflate.ts';
export type { UnpackOptions } from './unpack.ts';
export type { BindView, Place, WorkshopView } from './view.ts';
export { type Made, type Received, Receiver } from './receive.ts';

/** Archives pass through a ring of 1 MiB, so that the thread's own heap stays small. */
function start<K extends Job['kind']>(
  job: Job & { kind: K },
  signal: AbortSignal | undefined,
  onHead?: (head: FileStat) => void,
): Promise<Results[K]> {
  const ring = new ByteRing(job.memory);
  const abort = (): void => ring.abort();
  if (signal?.aborted) abort();
  signal?.addEventListener('abort', abort);
  const result = new Promise<Results[K]>((resolve, reject) => {
    runJob(job).listen(
      (reply) => {
        if ('head' in reply) onHead?.(reply.head);
        else if (reply.ok) resolve(reply.value as Results[K]);
        else if (signal?.aborted) reject(cancelled('cancelled'));
        // errors of the system keep their code; the others are about the archive
        else if (reply.code !== undefined) reject(Object.assign(new Error(reply.message), { code: reply.code }));
        else reject(invalid(reply.message));
      },
      (error) =>
        reject(
          internal(error ? `the unpacking thread failed: ${messageOf(error)}` : 'the unpacking thread ended', {
            cause: error,
          }),
        ),
    );
  });
  // whoever feeds or reads the ring must not wait for a thread that is gone
  void result.catch(abort).finally(() => signal?.removeEventListener('abort', abort));
  return result;
}

/** Writes a stream into a job's ring; when both fail the job's error says why. */
async function feed<T>(ring: ByteRing, source: AsyncIterable<Uint8Array>, result: Promise<T>): Promise<T> {
  const fed = (async () => {
    for await (const chunk of source) await ring.write(chunk);
    ring.close();
  })();
  try {
    await fed;
  } catch (error) {
    ring.abort();
    if (!(error instanceof RingAborted)) {
      await result.catch(() => undefined);
      throw error;
    }
  }
  return result;
}

/**
 * Applies a plain tar (or with `gzip`, where `canInflateSync`, a compressed one) to the directory `root`, with owners, modes, times, links, devices and attributes.
 * Nothing outside `root` can be reached whatever the archive says. Throws invalid for a broken or forbidden archive, and
 * system errors with their code; `root` then holds a part of it.
 */
export async function unpackTar(
  root: Place,
  source: AsyncIterable<Uint8Array>,
  options: UnpackOptions,
  signal?: AbortSignal,
  tarSplit?: number,
): Promise<UnpackResult> {
  const ring = new ByteRing();
  const job = {
    kind: 'unpack',
    root,
    memory: ring.memory,
    options,
    ...(tarSplit === undefined ? {} : { tarSplit }),
  } as const;
  return feed(ring, source, start(job, signal));
}

/** What a job writes, and its result at the end; whoever stops reading stops the job. */
async function* archiveOf<T>(ring: ByteRing, done: Promise<T>): AsyncGenerator<Buffer, T, void> {
  done.catch(() => undefined);
  try {
    yield* ring.read();
  } catch (error) {
    if (!(error instanceof RingAborted)) throw error;
  } finally {
    ring.abort();
  }
  return done;
}

/** The archive of an unpacked directory and its seams; returns its digest, which is to be compared with what it should be. */
export async function* joinArchive(
  root: string,
  tarSplit: number,
  signal?: AbortSignal,
): AsyncGenerator<Buffer, JoinResult, void> {
  const ring = new ByteRing();
  const done = start({ kind: 'join', root, memory: ring.memory, tarSplit }, signal);
  return yield* archiveOf(ring, done);
}

/** The members of a plain tar, by name, as files and unpacked layers named by numbers in the (empty) directory `root`. */
export async function spoolTar(
  root: string,
  source: AsyncIterable<Uint8Array>,
  options: SpoolOptions,
  signal?: AbortSignal,
): Promise<Map<string, Spooled>> {
  const ring = new ByteRing();
  return feed(ring, source, start({ kind: 'spool', root, memory: ring.memory, options }, signal));
}

/** What is below `root` as a tar stream. Names are sorted; the same files give the same bytes. */
export async function* packTar(
  root: Place,
  options: PackOptions,
  signal?: AbortSignal,
): AsyncGenerator<Buffer, void, void> {
  const ring = new ByteRing();
  const done = start({ kind: 'pack', root, memory: ring.memory, options }, signal);
  yield* archiveOf(ring, done);
}

/** What `packTar` would give, without giving it. */
export function digestTar(root: Place, options: DigestOptions, signal?: AbortSignal): Promise<PackDigest> {
  return start({ kind: 'digest', root, memory: new ByteRing().memory, options }, signal);
}

/** What is at `path` below the root (bytes in latin1). Throws system errors with their code. */
export function statBelow(root: Place, path: string): Promise<FileStat> {
  return start({ kind: 'stat', root, memory: new ByteRing().memory, path }, undefined);
}

/** Texts of small files below the root, latin1; a file that is absent or no regular file is empty. */
export function readTexts(root: Place, paths: readonly string[]): Promise<string[]> {
  return start({ kind: 'texts', root, memory: new ByteRing().memory, paths }, undefined);
}

export interface CopyOut extends Disposable {
  readonly stat: FileStat;
  /** The file, or the directory with all below it, under its last name. */
  readonly archive: AsyncIterable<Buffer>;
}

/** What is at `path` below the root, as an archive. Whoever stops reading it early disposes of it. Errors as `statBelow`. */
export async function copyOut(root: Place, path: string, signal?: AbortSignal): Promise<CopyOut> {
  const ring = new ByteRing();
  let done: Promise<unknown> = Promise.resolve();
  const stat = await new Promise<FileStat>((resolve, reject) => {
    done = start({ kind: 'copyOut', root, memory: ring.memory, path }, signal, resolve);
    done.catch(reject);
  });
  async function* archive(): AsyncGenerator<Buffer, void, void> {
    try {
      yield* ring.read();
    } catch (error) {
      if (!(error instanceof RingAborted)) throw error;
    }
    await done;
  }
  return { stat, archive: archive(), [Symbol.dispose]: () => ring.abort() };
}

/**
 * Unpacks a plain tar into a directory below the root. Throws invalid for an archive or a place that is refused, and system
 * errors with their code.
 */
export async function copyIn(
  root: Place,
  source: AsyncIterable<Uint8Array>,
  options: CopyInOptions,
  signal?: AbortSignal,
): Promise<void> {
  const ring = new ByteRing();
  await feed(ring, source, start({ kind: 'copyIn', root, memory: ring.memory, options }, signal));
}

/**
 * What the upper directory of an overlay changes in the layers below it (topmost first). `at` is an existing directory,
 * used as the place of mounts that only the reading thread sees. `placeholders` are paths that do not count when the upper
 * directory has them empty.
 */
export function changesOf(
  at: string,
  upper: string,
  lowerDirs: readonly string[],
  placeholders: readonly string[],
): Promise<Changes> {
  const folders = [upper, ...lowerDirs].map((source, index) => ({ name: String(index), source }));
  const root: FoldersView = { kind: 'folders', at, folders };
  return start(
    { kind: 'changes', root, memory: new ByteRing().memory, layers: lowerDirs.length, placeholders },
    undefined,
  );
}

/** What is at and below some paths, files with the digests of their contents. */
export function scanBelow(root: Place, options: ScanOptions, signal?: AbortSignal): Promise<Manifest> {
  return start({ kind: 'scan', root, memory: new ByteRing().memory, options }, signal);
}

/** Copies files of some places into a tree. Throws invalid for what cannot be there, and system errors with their code. */
export async function placeFiles(view: WorkshopView, options: PlaceOptions, signal?: AbortSignal): Promise<void> {
  await start({ kind: 'place', root: view, memory: new ByteRing().memory, options }, signal);
}

/**
 * Copies what is in an open directory into `target`, which is the thread's root meanwhile. What is there is left alone, links are
 * never followed. Answers whether it copied. Throws system errors with their code.
 */
export function copyDirectory(target: string, options: CopyTreeOptions): Promise<boolean> {
  return start({ kind: 'copyTree', root: target, memory: new ByteRing().memory, options }, undefined);
}

/** What `measureTrees` says of some paths of the host, by a thread. */
export function measure(paths: readonly string[], unit: MeasureUnit): Promise<Map<string, number>> {
  return start({ kind: 'measure', root: '/', memory: new ByteRing().memory, paths, unit }, undefined);
}
