// `context import`: a context out of an archive that `context export` made, of this client or Docker's.
import { createReadStream, openSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { extract } from 'tar-stream';
import { isErrno, messageOf } from '../../../base/errors.ts';
import { command } from '../../session/context.ts';
import { asMeta, checkContextName, type ContextMeta } from '../../../client/config/index.ts';
import { exactly, Failure } from '../../grammar/index.ts';
import { place } from './copy.ts';

/** Far more than certificates need. */
const MAX_BYTES = 10 * 1024 * 1024;
const BLOCK = 512;

export const importContext = command({
  use: 'CONTEXT FILE|-',
  description: 'Import a context from a tar or zip file',
  args: exactly(2),
  flags: {},
  async run(context, { args: [name = '', path = ''] }) {
    checkContextName(name);
    if (context.contexts.has(name)) throw new Failure(`context "${name}" already exists`);
    const files = await filesOf(await read(path));
    const meta = files.get('meta.json');
    if (!meta) throw new Failure('invalid context: no metadata found');
    const tls = new Map<string, Map<string, Buffer>>();
    for (const [path, content] of files) {
      if (path === 'meta.json') continue;
      const [, endpoint = '', file] = /^tls\/([^/]+)\/([^/]+)$/.exec(path) ?? [];
      if (file === undefined) throw new Failure('archive format is invalid');
      tls.set(endpoint, (tls.get(endpoint) ?? new Map<string, Buffer>()).set(file, content));
    }
    place(context, { meta: { ...parseMeta(meta), Name: name }, tls });
    context.out(`${name}\n`);
    context.err(`Successfully imported context "${name}"\n`);
    return 0;
  },
});

async function read(path: string): Promise<Buffer> {
  try {
    const source = path === '-' ? process.stdin : createReadStream('', { fd: openSync(path, 'r') });
    const chunks: Buffer[] = [];
    let left = MAX_BYTES;
    for await (const chunk of source as AsyncIterable<Buffer>) {
      left -= chunk.length;
      if (left < 0) throw new Failure('read exceeds the defined limit');
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) throw new Failure(`open ${path}: no such file or directory`);
    throw error;
  }
}

/** Only files count; their names are checked, since they become names on this machine. */
async function filesOf(archive: Buffer): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const members = extract();
  // Docker's client does not fill the last block
  members.end(Buffer.concat([archive, Buffer.alloc((BLOCK - (archive.length % BLOCK)) % BLOCK)]));
  for await (const entry of members) {
    const { name, type } = entry.header;
    if (type === 'file') files.set(checkPath(name), await buffer(entry));
    else entry.resume();
  }
  return files;
}

function checkPath(path: string): string {
  if (path !== 'meta.json' && !path.startsWith('tls/')) throw new Failure(`${path}: unexpected context file`);
  if (path.split('/').some((part) => ['', '.', '..'].includes(part)))
    throw new Failure(`${path}: unexpected path format`);
  if (path.includes('\\')) throw new Failure(`${path}: unexpected '\\' in path`);
  return path;
}

function parseMeta(content: Buffer): ContextMeta {
  try {
    return asMeta(JSON.parse(content.toString()));
  } catch (error) {
    throw new Failure(messageOf(error));
  }
}
