// A directory that holds a build cache, as an OCI layout: `index.json` and blobs by their digests.
import { createHash } from 'node:crypto';
import { closeSync, existsSync, lstatSync, mkdirSync, openSync, readFileSync, readSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { openResult, replaceFile } from '../../files/index.ts';

export interface CachePlace {
  readonly path: string;
  readonly tag: string;
  /** Where the daemon may write, too. */
  readonly writable: boolean;
}

interface Entry {
  readonly digest?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

const NAME = 'org.opencontainers.image.ref.name';
const CHUNK = 256 * 1024;

function blobPath({ path }: CachePlace, digest: string): string {
  if (!/^sha256:[0-9a-f]{64}$/.test(digest)) throw new Error(`invalid digest ${digest}`);
  return join(path, 'blobs', 'sha256', digest.slice('sha256:'.length));
}

/** Without a digest, what the index names. */
export function* readCache(place: CachePlace, digest: string): Generator<Buffer, void, undefined> {
  const wanted = digest === '' ? namedIn(place) : digest;
  if (!existsSync(blobPath(place, wanted))) throw new Error(`blob ${wanted} of ${place.path} is not there`);
  const fd = openSync(blobPath(place, wanted), 'r');
  try {
    for (;;) {
      const buffer = Buffer.allocUnsafe(CHUNK);
      const count = readSync(fd, buffer, 0, CHUNK, null);
      if (count === 0) return;
      yield buffer.subarray(0, count);
    }
  } finally {
    closeSync(fd);
  }
}

function namedIn(place: CachePlace): string {
  const file = join(place.path, 'index.json');
  if (!existsSync(file)) throw new Error(`${file}: no such file`);
  const entries = entriesOf(place);
  const found = entries.find(({ annotations }) => annotations?.[NAME] === place.tag) ?? entries.at(-1);
  if (found?.digest === undefined) throw new Error(`${file} names no cache`);
  return found.digest;
}

function entriesOf({ path }: CachePlace): Entry[] {
  const file = join(path, 'index.json');
  if (!existsSync(file)) return [];
  try {
    const { manifests } = JSON.parse(readFileSync(file, 'utf8')) as { manifests?: Entry[] };
    return Array.isArray(manifests) ? manifests : [];
  } catch {
    throw new Error(`${file} is no JSON`);
  }
}

export function hasBlob(place: CachePlace, digest: string): boolean {
  return existsSync(blobPath(place, digest));
}

/** Whole under its name, or not there. */
export async function putBlob(place: CachePlace, digest: string, chunks: AsyncIterable<Buffer>): Promise<void> {
  if (!place.writable) throw new Error(`${place.path} is only read`);
  const path = blobPath(place, digest);
  mkdirSync(dirname(path), { recursive: true });
  // the directory may have come from anywhere, with links in it
  for (const folder of [dirname(dirname(path)), dirname(path)])
    if (lstatSync(folder).isSymbolicLink()) throw new Error(`${folder} is a symbolic link`);
  using file = openResult(path, 0o644);
  const hash = createHash('sha256');
  for await (const chunk of chunks) {
    hash.update(chunk);
    file.write(chunk);
  }
  if (`sha256:${hash.digest('hex')}` !== digest) throw new Error(`what came for ${digest} has another digest`);
  file.keep();
}

/** The manifest that the directory stands for from now on, under its tag. */
export function publish(place: CachePlace, descriptor: object): void {
  if (!place.writable) throw new Error(`${place.path} is only read`);
  let entries: Entry[] = [];
  try {
    entries = entriesOf(place);
  } catch {
    // written anew
  }
  const kept = entries.filter(({ annotations }) => annotations?.[NAME] !== place.tag);
  const manifests = [...kept, { ...descriptor, annotations: { [NAME]: place.tag } }];
  replaceFile(join(place.path, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}', 0o644);
  const index = { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests };
  replaceFile(join(place.path, 'index.json'), JSON.stringify(index), 0o644);
}
