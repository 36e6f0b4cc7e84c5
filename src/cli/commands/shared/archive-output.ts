// Writes a stream to a file that appears only when it is complete, or to stdout.
import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Context } from '../../session/context.ts';
import { Failure } from '../../grammar/index.ts';
import { openResult } from '../../../files/index.ts';

/** `path` '' is stdout. The request is made only after the path was found good. */
export async function saveStream(
  context: Context,
  path: string,
  what: string,
  request: () => Promise<AsyncIterable<Buffer>>,
): Promise<void> {
  if (path === '') {
    for await (const chunk of await request()) context.out(chunk);
    return;
  }
  const directory = dirname(path);
  if (!existsSync(directory))
    throw new Failure(`${what}: invalid output path: stat ${directory}: no such file or directory`);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory())
    throw new Failure(`${what}: cannot write to a directory`);
  const body = await request();
  using file = openResult(path, 0o600);
  for await (const chunk of body) file.write(chunk);
  file.keep();
}
