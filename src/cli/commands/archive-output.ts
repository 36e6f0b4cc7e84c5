// Writes a stream to a file that appears only when it is complete, or to stdout.
import { closeSync, existsSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Context } from '../context.ts';
import { Failure } from '../grammar/index.ts';

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
  const target = existsSync(path) ? statSync(path) : undefined;
  if (target?.isDirectory()) throw new Failure(`${what}: cannot write to a directory`);
  if (target && !target.isFile()) {
    const file = openSync(path, 'w');
    for await (const chunk of await request()) writeSync(file, chunk);
    closeSync(file);
    return;
  }
  const temporary = `${path}.${process.pid}.tmp`;
  const body = await request();
  const file = openSync(temporary, 'w', 0o600);
  try {
    for await (const chunk of body) for (let at = 0; at < chunk.length; ) at += writeSync(file, chunk, at);
    closeSync(file);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
