// DELETE of a blob from one repository; the collector takes its bytes when no other has it.
import { checkDigest, checkName, RegistryError } from '../model/index.ts';
import type { Call } from './registry.ts';

export async function deleteBlob({ registry, exchange, caller }: Call): Promise<void> {
  const name = checkName(exchange.param('name'));
  const digest = checkDigest(exchange.param('digest'));
  if (!registry.deletes) throw new RegistryError('UNSUPPORTED');
  const { repositories } = registry.storage;
  if (!(await repositories.hasBlob(name, digest))) throw new RegistryError('BLOB_UNKNOWN', { detail: digest.text });
  await repositories.unlinkBlob(name, digest);
  registry.catalog.removeBlob(name, digest.text);
  registry.record(caller, { action: 'delete', repository: name, what: digest.text });
  exchange.empty(202);
}
