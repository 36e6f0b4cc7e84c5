// PUT of an upload: the last bytes, if any, and the digest of all of them.
import { checkDigest, checkName } from '../model/index.ts';
import { commitBlob } from '../storage/index.ts';
import { receive } from './receive.ts';
import type { Call } from './registry.ts';
import { blobHeaders } from './upload-headers.ts';

export async function finishUpload(call: Call): Promise<void> {
  const { registry, exchange } = call;
  const name = checkName(exchange.param('name'));
  const id = exchange.param('id');
  await registry.storage.uploads.state(name, id);
  const digest = checkDigest(exchange.query.get('digest'));
  const { size: came } = await receive(call, name, id, digest.algorithm);
  registry.rules.checkSize(name, came);
  const size = await commitBlob(registry.storage, name, id, digest);
  registry.catalog.addBlob(name, digest.text, size, Date.now());
  exchange.empty(201, blobHeaders(name, digest.text));
}
