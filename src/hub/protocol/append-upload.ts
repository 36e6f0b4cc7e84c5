// PATCH of an upload: a chunk at a place, or all that comes.
import { checkName } from '../model/index.ts';
import { receive } from './receive.ts';
import type { Call } from './registry.ts';
import { uploadHeaders } from './upload-headers.ts';

export async function appendUpload(call: Call): Promise<void> {
  const name = checkName(call.exchange.param('name'));
  const state = await receive(call, name, call.exchange.param('id'));
  call.exchange.empty(202, uploadHeaders(name, state));
}
