// POST of an upload: a session, the whole blob at once, or a blob that another repository has.
import { ALGORITHMS, checkDigest, checkName, parseDigest, RegistryError } from '../model/index.ts';
import { commitBlob } from '../storage/index.ts';
import { receive } from './receive.ts';
import type { Call } from './registry.ts';
import { blobHeaders, uploadHeaders } from './upload-headers.ts';

export async function startUpload(call: Call): Promise<void> {
  const { registry, exchange } = call;
  const name = checkName(exchange.param('name'));
  const { uploads } = registry.storage;
  if (await mount(call, name)) return;
  const whole = exchange.query.get('digest');
  if (whole !== null) {
    const digest = checkDigest(whole);
    const { id } = await uploads.start(name, digest.algorithm);
    try {
      await receive(call, name, id, digest.algorithm);
      const size = await commitBlob(registry.storage, name, id, digest);
      registry.catalog.addBlob(name, digest.text, size, Date.now());
    } catch (error) {
      await uploads.cancel(name, id);
      throw error;
    }
    exchange.empty(201, blobHeaders(name, digest.text));
    return;
  }
  const wanted = exchange.query.get('digest-algorithm') ?? 'sha256';
  const algorithm = ALGORITHMS.find((known) => known === wanted);
  if (!algorithm)
    throw new RegistryError('DIGEST_INVALID', { message: `digest algorithm ${wanted} is not known here` });
  exchange.empty(202, uploadHeaders(name, await uploads.start(name, algorithm)));
}

/** Without `from`, from any repository that the caller may pull from. What cannot be mounted is uploaded instead. */
async function mount({ registry, exchange, caller }: Call, name: string): Promise<boolean> {
  const digest = parseDigest(exchange.query.get('mount') ?? '');
  if (!digest) return false;
  const { blobs, leases, repositories } = registry.storage;
  const from = exchange.query.get('from');
  const sources = from === null ? registry.catalog.holders(digest.text) : [checkName(from)];
  for (const source of sources) {
    if (!caller.may(source, 'pull') || !(await repositories.hasBlob(source, digest))) continue;
    leases.renew(digest.text);
    await leases.settled(digest.text);
    const facts = await blobs.facts(digest);
    if (!facts) return false;
    registry.rules.checkSize(name, facts.size);
    await repositories.linkBlob(name, digest);
    registry.catalog.addBlob(name, digest.text, facts.size, Date.now());
    registry.record(caller, { action: 'mount', repository: name, what: `${digest.text} from ${source}` });
    exchange.empty(201, blobHeaders(name, digest.text));
    return true;
  }
  return false;
}
