// Brings changed files into the containers of a service: written by an archive, removed by `rm`.
import { createReadStream, lstatSync, readlinkSync } from 'node:fs';
import { pack } from 'tar-stream';
import type { Client } from '../client/index.ts';
import { runHook } from './hooks.ts';
import type { SyncedPath } from './watch.ts';

/** Files that are gone by the time they are read are gone in the container too. Throws what the daemon says. */
export async function syncPaths(client: Client, ids: readonly string[], paths: readonly SyncedPath[]): Promise<void> {
  const there = paths.filter(({ host }) => lstatSync(host, { throwIfNoEntry: false }) !== undefined);
  const gone = paths.filter((one) => !there.includes(one)).map(({ container }) => container);
  for (const id of ids) {
    if (gone.length > 0) await runHook(client, id, { command: ['rm', '-rf', '--', ...gone], user: '0' }, 'sync');
    if (there.length > 0)
      await client.text('PutContainerArchive', {
        params: { id },
        query: { path: '/', copyUIDGID: 'true' },
        raw: await archiveOf(there),
      });
  }
}

async function archiveOf(paths: readonly SyncedPath[]): Promise<Buffer> {
  const archive = pack();
  const whole = Array.fromAsync(archive as AsyncIterable<Uint8Array>);
  for (const { host, container } of paths.toSorted((a, b) => (a.container < b.container ? -1 : 1)))
    await addTo(archive, host, container);
  archive.finalize();
  return Buffer.concat(await whole);
}

async function addTo(archive: ReturnType<typeof pack>, host: string, container: string): Promise<void> {
  const stat = lstatSync(host, { throwIfNoEntry: false });
  if (stat === undefined) return;
  const header = { name: container.replace(/^\//, ''), mode: stat.mode & 0o7777, mtime: stat.mtime, uid: 0, gid: 0 };
  if (stat.isDirectory()) archive.entry({ ...header, type: 'directory' });
  else if (stat.isSymbolicLink()) archive.entry({ ...header, type: 'symlink', linkname: readlinkSync(host) });
  else if (stat.isFile()) {
    const chunks: Buffer[] = [];
    // Whole before its header: a file that grows meanwhile would break the archive.
    for await (const chunk of createReadStream(host)) chunks.push(chunk as Buffer);
    archive.entry(header, Buffer.concat(chunks));
  }
}
