// `cp`: files between a container and this machine, as tar streams.
import { dropEnd } from '../../../../base/ends.ts';
import { lstatSync, statSync } from 'node:fs';
import { basename, dirname, join, posix, resolve } from 'node:path';
import { isErrno } from '../../../../base/errors.ts';
import { type Context, command } from '../../../session/context.ts';
import { exactly, Failure, flag } from '../../../grammar/index.ts';

export const cp = command({
  use: `[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n\tdocker cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH`,
  description: `Copy files/folders between a container and the local filesystem

Use '-' as the source to read a tar archive from stdin
and extract it to a directory destination in a container.
Use '-' as the destination to stream a tar archive of a
container source to stdout.`,
  aliases: 'docker container cp, docker cp',
  args: exactly(2),
  flags: {
    archive: flag.bool('a', 'Archive mode (copy all uid/gid information)'),
    'follow-link': flag.bool('L', 'Always follow symbol link in SRC_PATH'),
    quiet: flag.bool(
      'q',
      'Suppress progress output during copy. Progress output is automatically suppressed if no terminal is attached',
    ),
  },
  async run(context, { flags, args: [source = '', target = ''] }) {
    if (source === '') throw new Failure('source can not be empty');
    if (target === '') throw new Failure('destination can not be empty');
    const from = splitSide(source);
    const to = splitSide(target);
    if (from.container !== '' && to.container !== '') throw new Failure('copying between containers is not supported');
    if (from.container === '' && to.container === '') throw new Failure('must specify at least one container source');
    const quiet = flags.quiet || !context.terminal(2);
    const how = { archive: flags.archive, follow: flags['follow-link'], quiet };
    if (from.container !== '') await copyOut(context, from.container, from.path, to.path, how);
    else await copyIn(context, from.path, to.container, to.path, how);
    return 0;
  },
});

interface Side {
  readonly container: string;
  readonly path: string;
}

/** `container:path`; a path that begins with `/` or `.` is never a container's. */
export function splitSide(text: string): Side {
  const colon = text.indexOf(':');
  if (text.startsWith('/') || colon < 0 || text.slice(0, colon).startsWith('.')) return { container: '', path: text };
  return { container: text.slice(0, colon), path: text.slice(colon + 1) };
}

interface How {
  readonly archive: boolean;
  readonly follow: boolean;
  readonly quiet: boolean;
}

interface PathStat {
  readonly name: string;
  readonly mode: number;
  readonly linkTarget: string;
}

// Go's bits of os.FileMode.
const GO_DIR = 2 ** 31;
const GO_SYMLINK = 2 ** 27;
const has = (mode: number, bit: number): boolean => Math.floor(mode / bit) % 2 === 1;

async function statInside(context: Context, id: string, path: string): Promise<PathStat> {
  const answer = await context.client.stream('ContainerArchiveInfo', { params: { id }, query: { path } });
  for await (const _ of answer.body);
  const header = answer.head.headers.get('x-docker-container-path-stat') ?? '';
  return JSON.parse(Buffer.from(header, 'base64').toString('utf8')) as PathStat;
}

const endsInDot = (path: string): boolean => /(^|\/)\.$/.test(path);
const asksForDirectory = (path: string): boolean => path.endsWith('/') || endsInDot(path);

async function copyOut(context: Context, id: string, given: string, target: string, how: How): Promise<void> {
  const { client } = context;
  let path = given;
  if (how.follow) {
    const stat = await statInside(context, id, path).catch(() => undefined);
    if (stat && has(stat.mode, GO_SYMLINK)) path = posix.resolve(posix.dirname(path), stat.linkTarget);
  }
  const answer = await client.stream('ContainerArchive', { params: { id }, query: { path } });
  if (target === '-') {
    for await (const chunk of answer.body) context.out(chunk);
    return;
  }
  const stat = JSON.parse(
    Buffer.from(answer.head.headers.get('x-docker-container-path-stat') ?? '', 'base64').toString('utf8'),
  ) as PathStat;
  const isDirectory = has(stat.mode, GO_DIR);
  const full = resolve(target);
  const place = landing({
    exists: kindOf(full),
    target: full,
    asked: asksForDirectory(target),
    sourceName: basename(dropEnd(path, '/')) || '/',
    sourceIsDirectory: isDirectory,
    contentOnly: endsInDot(path),
  });
  if (kindOf(dirname(place)) === undefined)
    throw new Failure(`invalid output path: directory ${JSON.stringify(dirname(full))} does not exist`);
  const { unpack } = await import('./archive.ts');
  const itself = resolve(place) === full && kindOf(full) === 'directory';
  const landed = itself ? { root: full, name: undefined } : { root: dirname(place), name: basename(place) };
  const bytes = await unpack(answer.body, landed, { owner: how.archive });
  if (!how.quiet) {
    const { humanSize } = await import('../../../../base/units.ts');
    context.err(`Successfully copied ${humanSize(bytes, 3)} to ${full}\n`);
  }
}

function kindOf(path: string): 'file' | 'directory' | undefined {
  try {
    return statSync(path).isDirectory() ? 'directory' : 'file';
  } catch {
    return undefined;
  }
}

interface Landing {
  readonly exists: 'file' | 'directory' | undefined;
  readonly target: string;
  /** the target was written with a slash or a dot at its end */
  readonly asked: boolean;
  readonly sourceName: string;
  readonly sourceIsDirectory: boolean;
  readonly contentOnly: boolean;
}

/** Where the root of the source comes to lie. Throws Failure where docker refuses. */
export function landing(at: Landing): string {
  if (at.exists === 'directory') return at.contentOnly ? at.target : join(at.target, at.sourceName);
  if (at.exists === 'file') {
    if (at.sourceIsDirectory) throw new Failure('cannot copy directory');
    if (at.asked) throw new Failure('not a directory');
    return at.target;
  }
  if (!at.sourceIsDirectory && at.asked) throw new Failure('no such directory');
  return at.target;
}

async function copyIn(context: Context, source: string, id: string, given: string, how: How): Promise<void> {
  const { client } = context;
  let target = given;
  // Tells whether the container is there, and what lies at the target.
  let stat = await statInside(context, id, target).catch((error: unknown) => {
    const message = error instanceof Error ? error.message : '';
    if (/No such container/.test(message)) throw error;
    return undefined;
  });
  if (stat && has(stat.mode, GO_SYMLINK)) {
    target = posix.resolve(posix.dirname(target), stat.linkTarget);
    stat = await statInside(context, id, target).catch(() => undefined);
  }
  const put = async (path: string, raw: AsyncIterable<Uint8Array>): Promise<void> => {
    await client.text('PutContainerArchive', {
      params: { id },
      query: { path, noOverwriteDirNonDir: 'true', ...(how.archive ? { copyUIDGID: 'true' } : {}) },
      raw,
      headers: { 'Content-Type': 'application/x-tar' },
    });
  };
  if (source === '-') {
    if (stat && !has(stat.mode, GO_DIR)) throw new Failure(`destination "${id}:${given}" must be a directory`);
    await put(target, process.stdin);
    return;
  }
  const full = resolve(source);
  const link = localStat(full, how.follow || source.endsWith('/'));
  const place = landing({
    exists: stat ? (has(stat.mode, GO_DIR) ? 'directory' : 'file') : undefined,
    target: posix.resolve('/', target),
    asked: asksForDirectory(target),
    sourceName: basename(full),
    sourceIsDirectory: link.isDirectory(),
    contentOnly: endsInDot(source),
  });
  const inDirectory = place === '/' || (endsInDot(source) && stat !== undefined);
  const [directory, name] = inDirectory ? [place, '.'] : [posix.dirname(place), posix.basename(place)];
  const { pack } = await import('./archive.ts');
  const packed = pack(full, name, { follow: how.follow, owner: how.archive });
  await put(directory, packed.stream);
  if (!how.quiet) {
    const { humanSize } = await import('../../../../base/units.ts');
    context.err(`Successfully copied ${humanSize(packed.size(), 3)} to ${id}:${given}\n`);
  }
}

function localStat(path: string, follow: boolean) {
  try {
    return follow ? statSync(path) : lstatSync(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) throw new Failure(`lstat ${path}: no such file or directory`);
    throw error;
  }
}
