// PUT of a manifest: kept byte for byte when all that it names is here.
import { createHash } from 'node:crypto';
import { readBody } from '../../http/index.ts';
import { imageFacts } from '../images/index.ts';
import {
  blobMissing,
  checkDigest,
  checkName,
  checkReference,
  isTag,
  type ManifestInfo,
  mediaTypeOf,
  parseDigest,
  readManifest,
  RegistryError,
} from '../model/index.ts';
import type { Call, Registry } from './registry.ts';

/** Tags that one push by digest may set. */
const MAX_TAGS = 50;

export async function pushManifest({ registry, exchange, caller }: Call): Promise<void> {
  const name = checkName(exchange.param('name'));
  const reference = checkReference(exchange.param('reference'));
  const { blobs, leases, repositories } = registry.storage;
  const content = await readBody(exchange.request, registry.limits.manifestBytes);
  const info = readManifest(content, mediaTypeOf(exchange.header('content-type')));
  const asked = reference.kind === 'digest' ? reference.digest.text : exchange.query.get('digest');
  const expected = asked === null ? undefined : checkDigest(asked);
  const algorithm = expected?.algorithm ?? 'sha256';
  const digest = checkDigest(`${algorithm}:${createHash(algorithm).update(content).digest('hex')}`);
  if (expected && expected.text !== digest.text)
    throw new RegistryError('DIGEST_INVALID', { detail: { digest: expected.text, got: digest.text } });
  const tags = reference.kind === 'tag' ? [reference.tag] : exchange.query.getAll('tag');
  const bad = tags.find((tag) => !isTag(tag)) ?? (tags.length > MAX_TAGS ? 'too many tags' : undefined);
  if (bad !== undefined) throw new RegistryError('TAG_INVALID', { message: 'invalid tag', detail: bad });
  for (const tag of tags) registry.rules.checkTag(name, tag, (await repositories.tagged(name, tag))?.text, digest.text);
  await checkWhole(registry, name, info);

  leases.renew(digest.text);
  await leases.settled(digest.text);
  await blobs.write(digest, content);
  await repositories.linkManifest(name, digest);
  if (tags.length === 0) await registry.storage.settle();
  for (const tag of tags) await repositories.tag(name, tag, digest);
  registry.catalog.addManifest(name, {
    digest: digest.text,
    size: content.length,
    info,
    tags,
    at: Date.now(),
    image: await imageFacts(registry.storage, info),
  });
  registry.record(caller, {
    action: 'push',
    repository: name,
    what: tags.join(',') || digest.text,
    digest: digest.text,
    mediaType: info.mediaType,
    size: content.length,
  });
  if (tags.length > 0 && reference.kind === 'digest') exchange.response.setHeader('OCI-Tag', tags);
  exchange.empty(201, {
    Location: `/v2/${name}/manifests/${digest.text}`,
    'Docker-Content-Digest': digest.text,
    ...(info.subject === undefined ? {} : { 'OCI-Subject': info.subject }),
  });
}

/** All that a client needs to pull it is in this repository; the subject may be missing, as the specification wants. */
async function checkWhole({ storage }: Registry, name: string, info: ManifestInfo): Promise<void> {
  const missing = new Set<string>();
  for (const one of [...(info.config ? [info.config] : []), ...info.children]) {
    const digest = parseDigest(one.digest);
    if (!digest || !one.needed) continue;
    storage.leases.renew(digest.text);
    await storage.leases.settled(digest.text);
    const linked = info.isIndex
      ? await storage.repositories.hasManifest(name, digest)
      : await storage.repositories.hasBlob(name, digest);
    if (!linked || !(await storage.blobs.facts(digest))) missing.add(digest.text);
  }
  if (missing.size > 0)
    throw new RegistryError('MANIFEST_BLOB_UNKNOWN', { entries: [...missing].map((digest) => blobMissing(digest)) });
}
