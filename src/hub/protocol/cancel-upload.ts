// DELETE of an upload: what came of it is forgotten.
import { checkName } from '../model/index.ts';
import type { Call } from './registry.ts';

export async function cancelUpload({ registry, exchange }: Call): Promise<void> {
  const name = checkName(exchange.param('name'));
  const { id } = await registry.storage.uploads.state(name, exchange.param('id'));
  await registry.storage.uploads.cancel(name, id);
  exchange.response.writeHead(204).end();
}
