// GET and HEAD of a blob: whole, a range of it, or that the client has it already.
import { byteRange, matchesEtag } from '../../http/index.ts';
import { checkDigest, checkName, RegistryError } from '../model/index.ts';
import type { Call } from './registry.ts';

export async function pullBlob({ registry, exchange }: Call): Promise<void> {
  const name = checkName(exchange.param('name'));
  const digest = checkDigest(exchange.param('digest'));
  const { blobs, leases, repositories } = registry.storage;
  const unknown = (): RegistryError => new RegistryError('BLOB_UNKNOWN', { detail: digest.text });
  await registry.mirror.bringBlob(name, digest);
  if (!(await repositories.hasBlob(name, digest))) throw unknown();
  // who asks by HEAD will not push what is here
  if (exchange.isHead) {
    leases.renew(digest.text);
    await leases.settled(digest.text);
  }
  const facts = await blobs.facts(digest);
  if (!facts) throw unknown();
  const etag = `"${digest.text}"`;
  const headers = {
    'Docker-Content-Digest': digest.text,
    Etag: etag,
    'Cache-Control': 'max-age=31536000',
    'Accept-Ranges': 'bytes',
  };
  if (matchesEtag(exchange.header('if-none-match'), etag)) {
    exchange.response.writeHead(304, headers).end();
    return;
  }
  const condition = exchange.header('if-range');
  const range =
    condition === undefined || matchesEtag(condition, etag)
      ? byteRange(exchange.header('range'), facts.size)
      : ({ kind: 'whole' } as const);
  const type = { ...headers, 'Content-Type': 'application/octet-stream' };
  switch (range.kind) {
    case 'unsatisfiable':
      throw new RegistryError('RANGE_INVALID', { headers: { 'Content-Range': `bytes */${facts.size}` } });
    case 'part':
      return exchange.pieces(206, (take) => blobs.send(digest, range, take), {
        ...type,
        'Content-Length': range.end - range.start + 1,
        'Content-Range': `bytes ${range.start}-${range.end}/${facts.size}`,
      });
    case 'whole':
      return exchange.pieces(200, (take) => blobs.send(digest, { start: 0, end: facts.size - 1 }, take), {
        ...type,
        'Content-Length': facts.size,
      });
  }
}
