// An OCI layout without Docker's manifest.json: index to manifests to configurations and layers.
import { createHash } from 'node:crypto';
import { invalid } from '../../base/errors.ts';
import { isDigest } from '../../base/ids.ts';
import {
  type Descriptor,
  hostPlatform,
  type Index,
  type Manifest,
  MEDIA,
  type Platform,
  platformMatches,
} from '../../spec/oci/index.ts';
import type { Archive } from './archive.ts';
import type { ToLoad } from './one.ts';

/** An index in an index is unusual, more than this is an attack. */
const MAX_DEPTH = 4;
const NAMES = ['io.containerd.image.name', 'org.opencontainers.image.ref.name'];

export async function readOciLayout(archive: Archive, platform: Platform | undefined): Promise<ToLoad[]> {
  const index = (await archive.json('index.json')) as Partial<Index> | null;
  const found: ToLoad[] = [];
  for (const descriptor of index?.manifests ?? []) {
    const name = NAMES.map((key) => descriptor.annotations?.[key]).find((text) => text?.includes(':'));
    const item = await resolve(archive, descriptor, platform ?? hostPlatform(), 0);
    if (item) found.push({ ...item, names: name === undefined ? [] : [name] });
  }
  if (found.length === 0) throw invalid('the OCI layout holds no image for this platform');
  return found;
}

async function resolve(
  archive: Archive,
  descriptor: Descriptor,
  platform: Platform,
  depth: number,
): Promise<ToLoad | undefined> {
  if (depth > MAX_DEPTH) throw invalid('indexes are nested too deep');
  const document = (await checked(archive, descriptor)) as Partial<Index> & Partial<Manifest>;
  if (document.manifests && document.layers) throw invalid('a document is both an index and a manifest');
  if (document.manifests) {
    const fitting = document.manifests.filter((item) => !item.platform || platformMatches(platform, item.platform));
    for (const item of fitting) {
      if (item.annotations?.['vnd.docker.reference.type'] === 'attestation-manifest') continue;
      const found = await resolve(archive, item, platform, depth + 1);
      if (found) return found;
    }
    return undefined;
  }
  if (!document.config || !document.layers) throw invalid(`manifest ${descriptor.digest} is not one of an image`);
  if (
    document.config.mediaType !== MEDIA.config &&
    !document.config.mediaType.startsWith('application/vnd.docker.container.image')
  )
    return undefined;
  return {
    config: blobPath(document.config.digest),
    layers: document.layers.map((layer) => blobPath(layer.digest)),
    names: [],
    parent: undefined,
  };
}

/** A small document whose digest is what the descriptor says. */
async function checked(archive: Archive, descriptor: Descriptor): Promise<unknown> {
  const content = await archive.readWhole(blobPath(descriptor.digest));
  if (`sha256:${createHash('sha256').update(content).digest('hex')}` !== descriptor.digest) {
    throw invalid(`the content of ${descriptor.digest} has another digest`);
  }
  const value: unknown = JSON.parse(content.toString());
  if (typeof value !== 'object' || value === null) throw invalid(`${descriptor.digest} is no document`);
  return value;
}

function blobPath(digest: string): string {
  if (!isDigest(digest)) throw invalid(`unsupported digest ${digest}`);
  return `blobs/sha256/${digest.slice('sha256:'.length)}`;
}
