// A thread with a directory as its root: it unpacks, packs or spools one archive, leaves, and waits for the next job. Synchronous fs calls only, since
// others would run on threads that are not confined.
import { createHash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import { changes } from './changes.ts';
import { copyTree } from '../tree/copy.ts';
import { measureTrees } from '../tree/measure.ts';
import { copyIn, packed, statPath, textOf } from './copy.ts';
import { Inflated } from './inflate.ts';
import type { Job, Reply, Results } from './job.ts';
import { scan } from './manifest.ts';
import { pack, packDigest } from './pack.ts';
import { place } from './place.ts';
import { ByteRing } from './ring.ts';
import { joinTarSplit } from './tar-split/join.ts';
import { SeamWriter } from './tar-split/write.ts';
import { spool } from './spool.ts';
import { TarReader } from './tar/read.ts';
import { resolveBelow } from './resolve.ts';
import { unpack, type UnpackOptions } from './unpack.ts';
import { enter, leave } from './view.ts';

function run(job: Job): Results[Job['kind']] {
  const ring = new ByteRing(job.memory);
  enter(job.root);
  if (job.kind === 'stat') return statPath(job.path);
  if (job.kind === 'texts') return job.paths.map(textOf);
  if (job.kind === 'changes') return changes(job.layers, job.placeholders);
  if (job.kind === 'digest') return packDigest(job.options);
  if (job.kind === 'scan') return scan(job.options);
  if (job.kind === 'place') return place(job.options);
  if (job.kind === 'measure') return measureTrees(job.paths, job.unit);
  if (job.kind === 'copyTree') return copyTree(job.options);
  if (job.kind === 'copyOut') {
    const head = statPath(job.path);
    parentPort?.postMessage({ head } satisfies Reply);
    pack((chunk) => ring.writeSync(chunk), packed(job.path, head));
    ring.close();
    return undefined;
  }
  if (job.kind === 'pack') {
    pack((chunk) => ring.writeSync(chunk), job.options);
    ring.close();
    return undefined;
  }
  const hash = createHash('sha256');
  if (job.kind === 'join') {
    joinTarSplit(job.tarSplit, (chunk) => {
      hash.update(chunk);
      ring.writeSync(chunk);
    });
    ring.close();
    return { sha256: hash.digest('hex') };
  }
  const tarSplit = job.kind === 'unpack' && job.tarSplit !== undefined ? new SeamWriter(job.tarSplit) : undefined;
  let held = 0;
  let length = 0;
  const received = (): Buffer | undefined => {
    if (held > 0) ring.release(held);
    const chunk = ring.readSync();
    held = chunk?.length ?? 0;
    return chunk;
  };
  const inflated = job.kind === 'unpack' && job.options.gzip ? new Inflated({ next: received }) : undefined;
  const next = (): Buffer | undefined => {
    const chunk = inflated ? inflated.next() : received();
    length += chunk?.length ?? 0;
    if (chunk && job.kind === 'unpack') hash.update(chunk);
    return chunk;
  };
  const reader = new TarReader({ next }, tarSplit && ((bytes) => tarSplit.raw(bytes)));
  if (job.kind === 'spool') {
    const members = spool(reader, job.options);
    reader.drain();
    return members;
  }
  if (job.kind === 'copyIn') {
    copyIn(reader, job.options);
    reader.drain();
    return undefined;
  }
  const unpacked = unpack(reader, located(job.options), tarSplit);
  reader.drain();
  inflated?.close();
  tarSplit?.end();
  return { ...unpacked, length, sha256: hash.digest('hex') };
}

/** A directory of a tree, its links followed within the tree, as one of the thread's root. */
function located(options: UnpackOptions): UnpackOptions {
  if (options.inside === undefined) return options;
  const { base, path } = options.inside;
  const { path: real } = resolveBelow(base, path);
  return { ...options, into: real === '/' ? base : base + real };
}

function perform(job: Job): Reply {
  try {
    const value = run(job);
    leave();
    return { ok: true, value };
  } catch (error) {
    const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
    new ByteRing(job.memory).abort();
    return { ok: false, message: error instanceof Error ? error.message : String(error), code };
  }
}

parentPort?.on('message', (job: Job) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of a thread, not a window
  parentPort?.postMessage(perform(job));
});
