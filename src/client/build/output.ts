// Where results of a build go on this machine: an archive into a file or to stdout, files into a directory.
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { doorOf, openResult, partsOf, TreeWriter } from '../../files/index.ts';

export interface OutputPlace {
  readonly takes: 'archive' | 'directory';
  /** `-` for stdout. */
  readonly path: string;
}

export async function receiveOutput(
  { takes, path }: OutputPlace,
  data: AsyncIterable<Buffer>,
  stdout: (chunk: Uint8Array) => void,
): Promise<void> {
  if (takes === 'directory') return unpack(path, data);
  if (path === '-') {
    for await (const chunk of data) stdout(chunk);
    return;
  }
  mkdirSync(dirname(path), { recursive: true });
  using file = openResult(path);
  for await (const chunk of data) file.write(chunk);
  file.keep();
}

/**
 * Files as the build made them, owned by who runs this, without the bits that make a program somebody else's. What is there already
 * makes way, but for directories, which are filled.
 */
async function unpack(path: string, data: AsyncIterable<Buffer>): Promise<void> {
  const { extract } = await import('tar-stream');
  mkdirSync(path, { recursive: true });
  const parser = extract();
  const feeding = (async () => {
    for await (const chunk of data)
      if (!parser.write(chunk)) await new Promise<void>((done) => void parser.once('drain', done));
    parser.end(Buffer.alloc(0));
  })();
  feeding.catch((error: unknown) => parser.destroy(error instanceof Error ? error : new Error(String(error))));
  const door = doorOf();
  const root = door.openRoot(path);
  try {
    using writer = new TreeWriter(door, root, { conflict: 'replace', shown: path });
    for await (const entry of parser) {
      const { name, type, linkname, mode, mtime } = entry.header;
      const parts = partsOf(name, path);
      const attributes = { mode: mode & 0o1777, mtime: (mtime ?? new Date(0)).getTime() / 1000 };
      if (type === 'directory') writer.directory(parts, attributes);
      else if (type === 'symlink') writer.symlink(parts, linkname ?? '', attributes);
      else if (type === 'link') writer.link(parts, partsOf(linkname ?? '', path));
      else if (type === 'file' || type === 'contiguous-file')
        await writer.file(parts, entry as AsyncIterable<Buffer>, attributes);
      entry.resume();
    }
    await feeding;
    writer.finish();
  } finally {
    door.close(root);
  }
}
