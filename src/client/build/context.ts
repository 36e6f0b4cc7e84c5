// Where the files of a build are: a directory, an archive or Dockerfile from stdin, an address; and named contexts beside it.
import { existsSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { BuildOptions, ContextOptions, NamedContextOptions } from '../../spec/berth/build.ts';
import type { BuildShorthand } from './shorthand.ts';

const isRemote = (source: string): boolean => /^(https?:\/\/|git@|git:\/\/|ssh:\/\/|github\.com\/)/.test(source);

export interface Where {
  readonly context: ContextOptions;
  readonly dockerfile: BuildOptions['dockerfile'];
  readonly archive?: AsyncIterable<Buffer>;
}

/** Directories that are part of the build go into `directories`. Throws Error with Docker's text. */
export async function sourcesOf(
  { file, dockerfile }: Pick<BuildShorthand, 'file' | 'dockerfile'>,
  source: string,
  stdin: () => AsyncIterable<Buffer>,
  directories: Map<string, string>,
): Promise<Where> {
  if (source === '-') {
    const [first, rest] = await peek(stdin());
    if (isArchive(first)) {
      return { context: { kind: 'archive' }, dockerfile: { kind: 'context', path: file }, archive: rest };
    }
    return { context: { kind: 'empty' }, dockerfile: await textOf(rest) };
  }
  const given =
    dockerfile === undefined ? (file === '-' ? await textOf(stdin()) : undefined) : inText(Buffer.from(dockerfile));
  if (isRemote(source)) {
    return { context: { kind: 'remote', url: source }, dockerfile: given ?? { kind: 'context', path: file } };
  }
  if (!existsSync(source))
    throw new Error(`ERROR: unable to prepare context: path ${JSON.stringify(source)} not found`);
  if (!statSync(source).isDirectory()) {
    throw new Error(`ERROR: unable to prepare context: path ${JSON.stringify(source)} must be a directory`);
  }
  directories.set('context', realpathSync(source));
  const context = { kind: 'files', source: 'context' } as const;
  if (given) return { context, dockerfile: given };
  if (file === '') return { context, dockerfile: { kind: 'context', path: '' } };
  const path = resolve(file);
  if (!existsSync(path)) {
    throw new Error(
      `unable to prepare context: unable to evaluate symlinks in Dockerfile path: lstat ${path}: no such file or directory`,
    );
  }
  directories.set('dockerfile', realpathSync(dirname(path)));
  return { context, dockerfile: { kind: 'directory', path: basename(path) } };
}

/** The first bytes, enough to tell an archive, and all of it. */
async function peek(stdin: AsyncIterable<Buffer>): Promise<[Buffer, AsyncIterable<Buffer>]> {
  const iterator = stdin[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  let ended = false;
  while (head.length < 512 && !ended) {
    const { done, value } = await iterator.next();
    if (done === true) ended = true;
    else head = Buffer.concat([head, value]);
  }
  const all = (async function* () {
    yield head;
    while (!ended) {
      const { done, value } = await iterator.next();
      if (done === true) return;
      yield value;
    }
  })();
  return [head, all];
}

function isArchive(data: Buffer): boolean {
  if (data.subarray(257, 262).toString('latin1') === 'ustar') return true;
  const magic = data.subarray(0, 6).toString('hex');
  return ['1f8b', '425a68', 'fd377a585a00', '28b52ffd'].some((known) => magic.startsWith(known));
}

async function textOf(stdin: AsyncIterable<Buffer>): Promise<BuildOptions['dockerfile']> {
  return inText(Buffer.concat(await Array.fromAsync(stdin)));
}

const inText = (content: Buffer): BuildOptions['dockerfile'] => ({ kind: 'text', text: content.toString('base64') });

/** `docker-image://`, `target:`, `oci-layout://`, an address or a directory. Throws Error with buildx's text. */
export function namedContext(name: string, value: string, directories: Map<string, string>): NamedContextOptions {
  if (value.startsWith('docker-image://')) return { kind: 'image', reference: value.slice('docker-image://'.length) };
  if (value.startsWith('target:')) return { kind: 'stage', name: value.slice('target:'.length) };
  if (isRemote(value)) return { kind: 'remote', url: value };
  const layout = /^oci-layout:\/\/(.*?)(?:@(sha256:[0-9a-f]{64})|:([^/:]*))?$/.exec(value);
  const path = layout?.[1] ?? value;
  if (!existsSync(path) || !statSync(path).isDirectory()) {
    throw new Error(
      `ERROR: failed to build: failed to get build context ${name}: stat ${path}: no such file or directory`,
    );
  }
  const source = `context:${name}`;
  directories.set(source, realpathSync(path));
  return layout ? { kind: 'oci-layout', source, reference: layout[2] ?? layout[3] ?? '' } : { kind: 'files', source };
}
