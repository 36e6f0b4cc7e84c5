// Takes a link of the default network away: `web/db` is what `web` calls `db`.
import { internal, notFound } from '../../base/errors.ts';
import { type EngineContext, save } from '../container/context.ts';
import { forgetLink } from '../container/hosts.ts';

export async function removeLink(context: EngineContext, reference: string): Promise<void> {
  const { registry, locks } = context;
  const [name = '', alias] = reference.replace(/^\//, '').split('/');
  if (alias === undefined) {
    registry.get(reference);
    throw internal('Conflict, cannot remove the default link name of the container');
  }
  const owner = registry.lookup(name);
  if (!owner) throw notFound(`No such container: ${reference}`);
  await locks.run(owner.id, async () => {
    const { record } = owner;
    const link = record.links?.find((one) => one.alias === alias);
    if (!link) throw notFound(`No such container: ${reference}`);
    record.links = record.links?.filter((one) => one !== link) ?? [];
    save(context, owner);
    forgetLink(context, owner, link);
  });
}
