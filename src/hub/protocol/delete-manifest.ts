// DELETE of a manifest with every tag that names it, or of a tag alone.
import { checkName, checkReference, RegistryError } from '../model/index.ts';
import type { Call } from './registry.ts';

export async function deleteManifest({ registry, exchange, caller }: Call): Promise<void> {
  const name = checkName(exchange.param('name'));
  const reference = checkReference(exchange.param('reference'));
  if (!registry.deletes) throw new RegistryError('UNSUPPORTED');
  const { repositories } = registry.storage;
  if (!(await repositories.exists(name))) throw new RegistryError('NAME_UNKNOWN', { detail: { name } });
  if (reference.kind === 'tag') {
    const digest = await repositories.tagged(name, reference.tag);
    if (!digest) throw new RegistryError('MANIFEST_UNKNOWN', { detail: { Tag: reference.tag } });
    registry.rules.checkTag(name, reference.tag, digest.text, '');
    await repositories.untag(name, reference.tag);
    registry.catalog.removeTag(name, reference.tag);
  } else {
    const { digest } = reference;
    if (!(await repositories.hasManifest(name, digest)))
      throw new RegistryError('MANIFEST_UNKNOWN', { detail: { Revision: digest.text } });
    for (const tag of registry.catalog.tagsOf(name, digest.text)) registry.rules.checkTag(name, tag, digest.text, '');
    await repositories.unlinkManifest(name, digest);
    registry.catalog.removeManifest(name, digest.text);
  }
  registry.record(caller, { action: 'delete', repository: name, what: exchange.param('reference') });
  exchange.empty(202);
}
