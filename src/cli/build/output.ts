// Where results of a build go on this machine: an archive into a file or to stdout, files into a directory.
import { chmodSync, createWriteStream, lutimesSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { finished } from 'node:stream/promises';
import { out } from '../output.ts';

export interface OutputPlace {
  readonly takes: 'archive' | 'directory';
  /** `-` for stdout. */
  readonly path: string;
}

export async function receiveOutput({ takes, path }: OutputPlace, data: AsyncIterable<Buffer>): Promise<void> {
  if (takes === 'directory') return unpack(path, data);
  if (path === '-') {
    for await (const chunk of data) out(chunk);
    return;
  }
  mkdirSync(dirname(path), { recursive: true });
  const file = createWriteStream(path);
  for await (const chunk of data)
    if (!file.write(chunk)) await new Promise<void>((done) => void file.once('drain', done));
  file.end();
  await finished(file);
}

/** Files as the build made them, owned by who runs this. A name that leads outside is not written. */
async function unpack(root: string, data: AsyncIterable<Buffer>): Promise<void> {
  const { extract } = await import('tar-stream');
  mkdirSync(root, { recursive: true });
  const parser = extract();
  const feeding = (async () => {
    for await (const chunk of data)
      if (!parser.write(chunk)) await new Promise<void>((done) => void parser.once('drain', done));
    parser.end(Buffer.alloc(0));
  })();
  feeding.catch((error: unknown) => parser.destroy(error instanceof Error ? error : new Error(String(error))));
  const links: { path: string; target: string }[] = [];
  const directories: { path: string; mode: number; time: Date }[] = [];
  for await (const entry of parser) {
    const { header } = entry;
    const parts = header.name.split('/').filter((part) => part !== '' && part !== '.');
    if (parts.includes('..')) throw new Error(`the result holds a name that leads outside: ${header.name}`);
    const path = join(root, ...parts);
    const mode = (header.mode ?? 0o644) & 0o7777;
    const time = header.mtime ?? new Date(0);
    if (header.type === 'directory') {
      mkdirSync(path, { recursive: true });
      directories.push({ path, mode, time });
      entry.resume();
    } else if (header.type === 'symlink') {
      links.push({ path, target: header.linkname ?? '' });
      entry.resume();
    } else if (header.type === 'file' || header.type === 'contiguous-file') {
      mkdirSync(dirname(path), { recursive: true });
      rmSync(path, { force: true });
      const file = createWriteStream(path, { mode });
      for await (const chunk of entry as AsyncIterable<Buffer>) {
        if (!file.write(chunk)) await new Promise<void>((done) => void file.once('drain', done));
      }
      file.end();
      await finished(file);
      chmodSync(path, mode);
      lutimesSync(path, time, time);
    } else if (header.type === 'link') {
      const { linkSync } = await import('node:fs');
      const from = (header.linkname ?? '').split('/').filter((part) => part !== '' && part !== '.' && part !== '..');
      rmSync(path, { force: true });
      linkSync(join(root, ...from), path);
      entry.resume();
    } else entry.resume();
  }
  await feeding;
  // links are made last, so that nothing is written through them
  for (const { path, target } of links) {
    mkdirSync(dirname(path), { recursive: true });
    rmSync(path, { force: true });
    symlinkSync(target, path);
  }
  for (const { path, mode, time } of directories.reverse()) {
    chmodSync(path, mode);
    lutimesSync(path, time, time);
  }
}
