// GET and HEAD of a manifest by tag or digest, byte for byte as it was pushed.
import { matchesEtag } from '../../http/index.ts';
import { MEDIA } from '../../spec/oci/index.ts';
import {
  type BlobDigest,
  checkName,
  checkReference,
  INDEX_TYPES,
  parseDigest,
  readManifest,
  type Reference,
  RegistryError,
} from '../model/index.ts';
import { accepts } from './accept.ts';
import type { CachedManifest } from './manifest-cache.ts';
import type { Call, Registry } from './registry.ts';

export async function pullManifest({ registry, exchange, caller }: Call): Promise<void> {
  const name = checkName(exchange.param('name'));
  const reference = checkReference(exchange.param('reference'));
  const old = await registry.mirror.bringManifest(name, reference);
  // 110 is "response is stale": clients that know warnings show it
  if (old !== undefined)
    exchange.response.setHeader('Warning', `110 - "${old.replaceAll(/[^\x20-\x7e]|["\\]/g, ' ')}"`);
  const found = await acceptable(registry, name, await find(registry, name, reference), exchange.header('accept'));
  const etag = `"${found.digest.text}"`;
  const headers = { 'Docker-Content-Digest': found.digest.text, Etag: etag };
  if (matchesEtag(exchange.header('if-none-match'), etag)) {
    exchange.response.writeHead(304, headers).end();
    return;
  }
  if (!exchange.isHead) {
    // who follows an index pulls once, not twice
    if (reference.kind === 'tag' || INDEX_TYPES.has(found.mediaType)) registry.catalog.countPull(name);
    registry.record(caller, { action: 'pull', repository: name, what: exchange.param('reference') });
  }
  exchange.send(200, found.content, { ...headers, 'Content-Type': found.mediaType });
}

interface Found extends CachedManifest {
  readonly digest: BlobDigest;
}

async function find(registry: Registry, name: string, reference: Reference): Promise<Found> {
  const { repositories } = registry.storage;
  const digest = reference.kind === 'tag' ? await repositories.tagged(name, reference.tag) : reference.digest;
  if (digest && (await repositories.hasManifest(name, digest))) {
    const manifest = await registry.manifests.get(digest);
    if (manifest) return { ...manifest, digest };
  }
  const detail = reference.kind === 'tag' ? { Tag: reference.tag } : { Revision: reference.digest.text };
  if (!(await repositories.exists(name))) throw new RegistryError('NAME_UNKNOWN', { detail: { name } });
  throw new RegistryError('MANIFEST_UNKNOWN', { detail });
}

/** Old clients know no index: they get the image of the most common platform, as from docker-registry. */
async function acceptable(registry: Registry, name: string, found: Found, accept: string | undefined): Promise<Found> {
  if (accepts(accept, found.mediaType) || found.mediaType === MEDIA.dockerManifest) return found;
  if (found.mediaType === MEDIA.dockerIndex) {
    const child = readManifest(found.content, found.mediaType).children.find(
      ({ platform }) => platform?.['os'] === 'linux' && platform['architecture'] === 'amd64',
    );
    const digest = child && parseDigest(child.digest);
    if (digest) {
      await registry.mirror.bringManifest(name, { kind: 'digest', digest });
      return find(registry, name, { kind: 'digest', digest });
    }
  }
  const what = INDEX_TYPES.has(found.mediaType) ? 'OCI index' : 'OCI manifest';
  throw new RegistryError('MANIFEST_UNKNOWN', {
    message: `${what} found, but accept header does not support ${what === 'OCI index' ? 'OCI indexes' : 'OCI manifests'}`,
  });
}
