// `build` by the classic builder, for daemons that have no other: the context as a tar, one stream of messages.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import type { Context } from '../../session/context.ts';
import { Failure } from '../../grammar/index.ts';
import { toMap } from '../../../spec/docker/shorthand/index.ts';
import { showProgress } from '../../progress/index.ts';
import { putResult } from '../../../files/index.ts';
import { displayOn } from '../shared/display-on.ts';
import type { BuildFlags } from './build-flags.ts';

/** Flags that the classic builder has no words for. */
const NEWER = [
  ...([
    'allow',
    'annotation',
    'attest',
    'build-context',
    'cache-to',
    'no-cache-filter',
    'output',
    'secret',
    'ssh',
  ] as const),
  ...(['check', 'explain', 'load', 'metadata-file', 'provenance', 'push', 'require-cached', 'sbom'] as const),
];

/** Throws Failure for a wish that would go unheard. */
function checkFlags(flags: BuildFlags): void {
  const given = NEWER.find((name) => {
    const value = flags[name];
    return typeof value === 'boolean' ? value : value.length > 0;
  });
  const unheard = given ?? (flags.call === 'build' ? undefined : 'call');
  if (unheard !== undefined) throw new Failure(`--${unheard} is not supported by the classic builder of this daemon`);
}

export async function classicBuild(context: Context, flags: BuildFlags, source: string): Promise<number> {
  checkFlags(flags);
  if (source === '-' && flags.file === '-')
    throw new Failure("invalid argument: can't use stdin for both build context and dockerfile");
  if (flags.squash && !(await context.client.call('SystemInfo')).ExperimentalBuild) {
    throw new Failure('"--squash" is only supported on a Docker daemon with experimental features enabled');
  }
  const stdin = source === '-' || flags.file === '-' ? await readStdin() : undefined;
  const remote = /^(https?:\/\/|git@|git:\/\/|github\.com\/)/.test(source);
  if (remote && flags.file === '-')
    throw new Failure('a Dockerfile from stdin for a remote context is not supported by the classic builder');
  const content = remote ? undefined : await contextOf(source, flags.file, stdin);
  const query: Record<string, string | number | boolean | readonly string[]> = {
    t: flags.tag,
    dockerfile: content?.dockerfile ?? (flags.file || 'Dockerfile'),
    q: flags.quiet,
    nocache: flags['no-cache'],
    pull: flags.pull ? '1' : '',
    rm: flags.rm,
    forcerm: flags['force-rm'],
    memory: flags.memory,
    memswap: flags['memory-swap'],
    cpushares: flags['cpu-shares'],
    cpusetcpus: flags['cpuset-cpus'],
    cpusetmems: flags['cpuset-mems'],
    cpuperiod: flags['cpu-period'],
    cpuquota: flags['cpu-quota'],
    cgroupparent: flags['cgroup-parent'],
    shmsize: flags['shm-size'],
    buildargs: JSON.stringify(Object.fromEntries(flags['build-arg'].map(buildArg))),
    labels: JSON.stringify(toMap(flags.label)),
    cachefrom: JSON.stringify(flags['cache-from']),
    networkmode: flags.network,
    extrahosts: flags['add-host'],
    platform: flags.platform.join(','),
    target: flags.target,
    ulimits: JSON.stringify(flags.ulimit),
    squash: flags.squash,
    ...(remote ? { remote: source } : {}),
  };
  const given = Object.fromEntries(
    Object.entries(query).filter(
      ([, value]) => value !== '' && value !== 0 && value !== false && value !== '[]' && value !== '{}',
    ),
  );
  const answer = await context.client.stream('ImageBuild', {
    query: { ...given, rm: flags.rm },
    headers: { 'Content-Type': 'application/x-tar', 'X-Registry-Config': context.credentials.headerOfAll() },
    ...(content ? { raw: content.archive } : {}),
  });
  let id = '';
  const onAux = (aux: unknown): void => {
    const seen = (aux as { ID?: unknown }).ID;
    if (typeof seen === 'string') id = seen;
  };
  if (!flags.quiet) await showProgress(answer.body, displayOn(context, 1, onAux));
  else {
    // The output is shown only when the build fails; its last line is the id.
    let text = '';
    try {
      await showProgress(answer.body, { ...displayOn(context, undefined, onAux), write: (part) => (text += part) });
    } catch (error) {
      context.err(text);
      throw error;
    }
    id = /sha256:[a-f0-9]{64}/.exec(text)?.[0] ?? id;
    context.out(text.endsWith('\n') ? text : `${text}\n`);
  }
  if (flags.iidfile !== '') putResult(flags.iidfile, id);
  return 0;
}

export function buildArg(text: string): [string, string | null] {
  const [name = '', value] = text.split(/=(.*)/s);
  return [name, value ?? process.env[name] ?? null];
}

async function readStdin(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

interface Content {
  readonly archive: AsyncIterable<Uint8Array>;
  /** Its name in the archive. */
  readonly dockerfile: string;
}

/** The build context as a tar; a single Dockerfile when stdin holds one. */
async function contextOf(source: string, file: string, stdin: Buffer | undefined): Promise<Content> {
  if (source === '-') {
    const input = stdin ?? Buffer.alloc(0);
    const archive = only(isArchive(input) ? input : oneFile('Dockerfile', input));
    return { archive, dockerfile: file || 'Dockerfile' };
  }
  const directory = resolve(source);
  if (!existsSync(directory)) throw new Failure(`unable to prepare context: path ${JSON.stringify(source)} not found`);
  const { pack } = await import('../container/files/archive.ts');
  const { ignoreMatcher, readIgnoreFile } = await import('../../../spec/ignore/index.ts');
  const rules = `${directory}/.dockerignore`;
  const ignore = existsSync(rules) ? readFileSync(rules, 'utf8') : '';
  const matcher = ignoreMatcher(readIgnoreFile(ignore));
  // A directory that may hold something that is kept is sent, so that it is there for it.
  const ignored = (name: string): boolean => matcher.ignores(name) && !matcher.mayKeepBelow(name);
  if (file === '-') {
    // a name of its own, which the rules keep out of the image
    const dockerfile = `.dockerfile.${randomBytes(10).toString('hex')}`;
    const skip = (name: string): boolean => name === '.dockerignore' || ignored(name);
    const archive = concat(
      oneFile(dockerfile, stdin ?? Buffer.alloc(0)).subarray(0, -TRAILER),
      oneFile('.dockerignore', Buffer.from(`${ignore}\n.dockerignore\n${dockerfile}\n`)).subarray(0, -TRAILER),
      pack(directory, '.', { skip, owner: false }).stream,
    );
    return { archive, dockerfile };
  }
  // A file that is named is looked for from here, not from the context.
  const path = file === '' ? unnamed(directory) : resolve(file);
  if (!existsSync(path)) {
    throw new Failure(
      `unable to prepare context: unable to evaluate symlinks in Dockerfile path: lstat ${path}: no such file or directory`,
    );
  }
  const dockerfile = relative(directory, path);
  if (dockerfile.startsWith('..'))
    throw new Failure(`unable to prepare context: the Dockerfile (${path}) must be within the build context`);
  const skip = (name: string): boolean => name !== dockerfile && name !== '.dockerignore' && ignored(name);
  return { archive: pack(directory, '.', { skip, owner: false }).stream, dockerfile };
}

/** As it is mostly written, or else in small letters. */
function unnamed(directory: string): string {
  const path = resolve(directory, 'Dockerfile');
  const small = resolve(directory, 'dockerfile');
  return !existsSync(path) && existsSync(small) ? small : path;
}

async function* concat(...parts: readonly (Buffer | AsyncIterable<Uint8Array>)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts)
    if (Buffer.isBuffer(part)) yield part;
    else yield* part;
}

/** Two empty blocks end an archive. */
const TRAILER = 1024;

const isArchive = (data: Buffer): boolean =>
  data.subarray(257, 262).toString('latin1') === 'ustar' ||
  (data[0] === 0x1f && data[1] === 0x8b) ||
  data.subarray(0, 3).toString('latin1') === 'BZh' ||
  data.subarray(0, 6).toString('hex') === 'fd377a585a00';

async function* only(data: Uint8Array): AsyncGenerator<Uint8Array> {
  yield data;
}

/** A tar archive with one file. */
function oneFile(name: string, data: Buffer): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${data.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, data, Buffer.alloc(((512 - (data.length % 512)) % 512) + TRAILER)]);
}
