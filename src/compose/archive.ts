// A tar archive of files that exist only as text.
import { pack } from 'tar-stream';
import type { CopiedFile } from './create/mounts.ts';

export async function archiveOf(files: readonly CopiedFile[]): Promise<Buffer> {
  const archive = pack();
  for (const { target, content, mode, uid, gid } of files) archive.entry({ name: target, mode, uid, gid }, content);
  archive.finalize();
  return Buffer.concat(await Array.fromAsync(archive as AsyncIterable<Uint8Array>));
}
