// GET of an upload: how much of it is here.
import { checkName } from '../model/index.ts';
import type { Call } from './registry.ts';
import { uploadHeaders } from './upload-headers.ts';

export async function uploadStatus({ registry, exchange }: Call): Promise<void> {
  const name = checkName(exchange.param('name'));
  const state = await registry.storage.uploads.state(name, exchange.param('id'));
  exchange.response.writeHead(204, uploadHeaders(name, state)).end();
}
