// Flags of `build` -> what the daemon is asked for, and what this side gives to it.
import { existsSync, realpathSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, resolve } from 'node:path';
import { parseBool } from '../../base/bool.ts';
import type { BuildWish, WishedContext, WishedNamedContext, WishedOutput } from '../../spec/berth/build.ts';
import type { BuildFlags } from '../commands/image/build-flags.ts';
import { Failure, flag } from '../grammar/index.ts';
import { toMap } from '../options/index.ts';
import { annotationAttributes } from './annotation.ts';
import type { CachePlace } from './cache.ts';
import type { OutputPlace } from './output.ts';
import { agentOf, secretOf } from './secret.ts';
import type { Giving } from './session.ts';

export const isRemote = (source: string): boolean => /^(https?:\/\/|git@|git:\/\/|ssh:\/\/|github\.com\/)/.test(source);

/** `type=x,a=b`, or a text alone under the key `alone`. */
export function attributes(text: string, alone: string): Record<string, string> {
  const fields = flag.parseCsv(text);
  if (fields.length === 1 && !text.includes('=')) return { [alone]: text };
  return Object.fromEntries(
    fields.map((field) => {
      const at = field.indexOf('=');
      if (at < 0) throw new Failure(`ERROR: invalid value ${field}`);
      return [field.slice(0, at).trim().toLowerCase(), field.slice(at + 1)];
    }),
  );
}

interface Outputs {
  readonly wished: readonly WishedOutput[];
  readonly places: readonly (OutputPlace | undefined)[];
}

/** `tar=false`. Throws Failure for what is neither. */
function isFalse(value: string | undefined): boolean {
  const read = value === undefined ? true : parseBool(value);
  if (read !== undefined) return !read;
  throw new Failure(`ERROR: invalid value for tar: ${JSON.stringify(value)}`);
}

export function outputsOf(flags: BuildFlags, stdoutIsTerminal: () => boolean): Outputs {
  const wished: WishedOutput[] = [];
  const places: (OutputPlace | undefined)[] = [];
  for (const text of flags.output) {
    const given = attributes(text, 'dest');
    const { dest = '', ...rest } = given;
    const type = given['type'] ?? (dest === '-' ? 'tar' : 'local');
    const { type: _, ...others } = rest;
    if (type === 'local' && dest === '') throw new Failure('ERROR: dest is required for local exporter');
    const isArchive = type === 'tar' || type === 'oci' || (type === 'docker' && dest !== '');
    const asLayout = isArchive && type !== 'tar' && isFalse(others['tar']);
    if (asLayout && (dest === '' || dest === '-'))
      throw new Failure(`ERROR: dest is required for ${type} exporter with tar=false`);
    if (type === 'local' || asLayout) places.push({ takes: 'directory', path: resolve(dest) });
    else if (!isArchive) places.push(undefined);
    else if (dest !== '' && dest !== '-') places.push({ takes: 'archive', path: resolve(dest) });
    else if (!stdoutIsTerminal()) places.push({ takes: 'archive', path: '-' });
    else throw new Failure(`ERROR: dest file is required for ${type} exporter. refusing to write to console`);
    const takes = places.at(-1)?.takes;
    wished.push({ type, attributes: others, ...(takes ? { takes } : {}) });
  }
  const annotations = annotationAttributes(flags.annotation);
  if (flags.output.length === 0 && !flags.load && flags.annotation.length > 0) {
    wished.push({ type: 'image', attributes: {} });
    places.push(undefined);
  }
  if (flags.load && !wished.some(({ type, takes }) => type === 'docker' && takes === undefined)) {
    wished.push({ type: 'docker', attributes: {} });
    places.push(undefined);
  }
  const isImage = (type: string): boolean => type !== 'local' && type !== 'tar' && type !== 'cacheonly';
  return {
    wished: wished.map((one) =>
      isImage(one.type) ? { ...one, attributes: { ...annotations, ...one.attributes } } : one,
    ),
    places,
  };
}

export interface Prepared {
  /** What is asked besides a build is shown for programs. */
  readonly json: boolean;
  readonly wish: BuildWish;
  readonly giving: Omit<Giving, 'credentials' | 'shell'>;
}

/** `stdin` is read when the context or the Dockerfile comes from there: to make that stream takes longer than all else here. Throws Failure. */
export async function prepare(
  flags: BuildFlags,
  source: string,
  options: {
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly stdoutIsTerminal: () => boolean;
    readonly stdin: () => AsyncIterable<Buffer>;
  },
): Promise<Prepared> {
  if (source === '-' && flags.file === '-') {
    throw new Failure("ERROR: invalid argument: can't use stdin for both build context and dockerfile");
  }
  const directories = new Map<string, string>();
  const where = await sourcesOf(flags, source, options.stdin, directories);
  const contexts: Record<string, WishedNamedContext> = {};
  for (const text of flags['build-context']) {
    const at = text.indexOf('=');
    if (at <= 0) throw new Failure(`ERROR: invalid context value: ${text}, expected key=value`);
    contexts[text.slice(0, at)] = namedContext(text.slice(0, at), text.slice(at + 1), directories);
  }
  const { wished, places } = outputsOf(flags, options.stdoutIsTerminal);
  const agents = new Map(flags.ssh.map((text) => agentOf(text, options.env)));
  const root = directories.get('context') ?? source;
  const cacheFrom = flags['cache-from'].map((text) => attributes(text, 'ref'));
  const cacheTo = flags['cache-to'].map((text) => attributes(text, 'ref'));
  const wish: BuildWish = {
    call: callOf(flags),
    context: where.context,
    dockerfile: where.dockerfile,
    sharedKey: `${hostname()}:${root}`,
    contexts,
    buildArgs: Object.fromEntries(
      [...epochArg(options.env), ...flags['build-arg']]
        .map((text) => argOf(text, options.env))
        .filter((arg) => arg !== undefined),
    ),
    labels: Object.fromEntries(Object.entries(toMap(flags.label))),
    tags: flags.tag,
    target: flags.target,
    platforms: flags.platform.flatMap((text) => text.split(',')),
    noCache: flags['no-cache'],
    noCacheFilter: flags['no-cache-filter'].flatMap((text) => text.split(',')),
    pull: flags.pull,
    network: flags.network,
    entitlements: flags.allow,
    extraHosts: flags['add-host'],
    limits: limitsOf(flags),
    cacheFrom,
    cacheTo,
    outputs: wished,
    requireCached: flags['require-cached'],
    squash: flags.squash,
    onError: onErrorOf(flags),
    attestations: attestationsOf(flags),
    agents: [...agents.keys()],
  };
  const secrets = new Map(flags.secret.map((text) => secretOf(text, options.env)));
  const { archive } = where;
  const caches = new Map([...cachePlaces('from', cacheFrom), ...cachePlaces('to', cacheTo)]);
  const { json } = readCall(flags.call);
  return {
    wish,
    json,
    giving: { directories, secrets, agents, caches, outputs: places, ...(archive ? { archive } : {}) },
  };
}

function cachePlaces(
  direction: 'from' | 'to',
  wishes: readonly Readonly<Record<string, string>>[],
): [string, CachePlace][] {
  return wishes.flatMap(({ type, src = '', dest = '', tag = 'latest' }, index): [string, CachePlace][] => {
    if (type !== 'local') return [];
    const path = direction === 'from' ? src : dest;
    if (path === '')
      throw new Failure(
        direction === 'from' ? 'ERROR: local cache importer requires src' : 'ERROR: local cache exporter requires dest',
      );
    return [[`${direction}:${index}`, { path: resolve(path), tag, writable: direction === 'to' }]];
  });
}

/** `check`, `check,format=json`. */
function readCall(text: string): { readonly method: string; readonly json: boolean } {
  const [method = '', ...options] = text.split(',');
  for (const option of options) {
    if (option === 'format=json' || option === 'format=text') continue;
    if (option.startsWith('format=')) throw new Failure(`ERROR: unsupported format ${JSON.stringify(option.slice(7))}`);
    throw new Failure(`ERROR: invalid call option ${JSON.stringify(option)}`);
  }
  return { method, json: options.at(-1) === 'format=json' };
}

function callOf(flags: BuildFlags): BuildWish['call'] {
  const { method } = readCall(flags.call);
  if (flags.check || method === 'check' || method === 'lint') return 'check';
  if (method === 'targets' || method === 'outline' || method === 'build') return method;
  throw new Failure(`ERROR: unsupported call ${JSON.stringify(flags.call)}`);
}

function onErrorOf(flags: BuildFlags): BuildWish['onError'] {
  const value = flags['on-error'];
  if (value === 'fail' || value === 'shell') return value;
  throw new Failure(`ERROR: invalid value ${JSON.stringify(value)} for --on-error: "fail" or "shell"`);
}

interface Where {
  readonly context: WishedContext;
  readonly dockerfile: BuildWish['dockerfile'];
  readonly archive?: AsyncIterable<Buffer>;
}

async function sourcesOf(
  flags: BuildFlags,
  source: string,
  stdin: () => AsyncIterable<Buffer>,
  directories: Map<string, string>,
): Promise<Where> {
  if (source === '-') {
    const [first, rest] = await peek(stdin());
    if (isArchive(first)) {
      return { context: { kind: 'archive' }, dockerfile: { kind: 'context', path: flags.file }, archive: rest };
    }
    return { context: { kind: 'empty' }, dockerfile: await textOf(rest) };
  }
  const given = flags.file === '-' ? await textOf(stdin()) : undefined;
  if (isRemote(source)) {
    return { context: { kind: 'remote', url: source }, dockerfile: given ?? { kind: 'context', path: flags.file } };
  }
  if (!existsSync(source))
    throw new Failure(`ERROR: unable to prepare context: path ${JSON.stringify(source)} not found`);
  if (!statSync(source).isDirectory()) {
    throw new Failure(`ERROR: unable to prepare context: path ${JSON.stringify(source)} must be a directory`);
  }
  directories.set('context', realpathSync(source));
  const context = { kind: 'files', source: 'context' } as const;
  if (given) return { context, dockerfile: given };
  if (flags.file === '') return { context, dockerfile: { kind: 'context', path: '' } };
  const path = resolve(flags.file);
  if (!existsSync(path)) {
    throw new Failure(
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

async function textOf(stdin: AsyncIterable<Buffer>): Promise<BuildWish['dockerfile']> {
  const text = Buffer.concat(await Array.fromAsync(stdin)).toString('base64');
  return { kind: 'text', text };
}

function namedContext(name: string, value: string, directories: Map<string, string>): WishedNamedContext {
  if (value.startsWith('docker-image://')) return { kind: 'image', reference: value.slice('docker-image://'.length) };
  if (value.startsWith('target:')) return { kind: 'stage', name: value.slice('target:'.length) };
  if (isRemote(value)) return { kind: 'remote', url: value };
  const layout = /^oci-layout:\/\/(.*?)(?:@(sha256:[0-9a-f]{64})|:([^/:]*))?$/.exec(value);
  const path = layout?.[1] ?? value;
  if (!existsSync(path) || !statSync(path).isDirectory()) {
    throw new Failure(
      `ERROR: failed to build: failed to get build context ${name}: stat ${path}: no such file or directory`,
    );
  }
  const source = `context:${name}`;
  directories.set(source, realpathSync(path));
  return layout ? { kind: 'oci-layout', source, reference: layout[2] ?? layout[3] ?? '' } : { kind: 'files', source };
}

function argOf(text: string, env: Readonly<Record<string, string | undefined>>): [string, string] | undefined {
  const at = text.indexOf('=');
  if (at >= 0) return [text.slice(0, at), text.slice(at + 1)];
  const value = env[text];
  return value === undefined ? undefined : [text, value];
}

function limitsOf(flags: BuildFlags): Record<string, unknown> {
  const limits: Record<string, unknown> = {
    memory: flags.memory,
    memorySwap: flags['memory-swap'],
    cpuShares: flags['cpu-shares'],
    cpuPeriod: flags['cpu-period'],
    cpuQuota: flags['cpu-quota'],
    cpusetCpus: flags['cpuset-cpus'],
    cpusetMems: flags['cpuset-mems'],
    cgroupParent: flags['cgroup-parent'],
    shmSize: flags['shm-size'],
    ulimits: flags.ulimit.length > 0 ? flags.ulimit : '',
  };
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== 0 && value !== ''));
}

/** What is wished beside the image; `false` is what there is anyway. */
function attestationsOf(flags: BuildFlags): Record<string, string> {
  const wished: Record<string, string> = {};
  for (const text of flags.attest) {
    const { type = '', ...rest } = attributes(text, 'type');
    if (rest['disabled'] === 'true') continue;
    wished[type] = Object.entries(rest)
      .map(([key, value]) => `${key}=${value}`)
      .join(',');
  }
  for (const type of ['provenance', 'sbom'] as const) {
    const text = flags[type];
    if (text !== '' && text !== 'false') wished[type] = text === 'true' ? '' : text;
  }
  return wished;
}

/** The time of a reproducible build is taken from the environment, as other tools do; an argument of that name wins. */
function epochArg(env: Readonly<Record<string, string | undefined>>): string[] {
  return env['SOURCE_DATE_EPOCH'] ? ['SOURCE_DATE_EPOCH'] : [];
}
