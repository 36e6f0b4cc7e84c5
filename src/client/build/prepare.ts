// What people ask of a build -> what the daemon is asked for, and what this machine gives to it.
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { BuildOptions, NamedContextOptions } from '../../spec/berth/build.ts';
import { parseAgent, parseAttributes, parseSecret, toMap } from '../../spec/docker/shorthand/index.ts';
import type { CachePlace } from './cache.ts';
import { namedContext, sourcesOf } from './context.ts';
import { outputsOf } from './outputs.ts';
import { agentOf, secretOf } from './secret.ts';
import type { BuildSources } from './session.ts';
import type { BuildShorthand } from './shorthand.ts';

export interface PreparedBuild {
  readonly options: BuildOptions;
  readonly sources: Omit<BuildSources, 'credentials' | 'shell' | 'stdout'>;
  /** What is asked besides a build is shown for programs. */
  readonly json: boolean;
}

export interface Machine {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdoutIsTerminal: () => boolean;
  /** Called when the context or the Dockerfile comes from there: to make that stream takes longer than all else here. */
  readonly stdin: () => AsyncIterable<Buffer>;
}

/** `source`: a directory, an address, or `-`. Throws Error with Docker's or buildx's text. */
export async function prepareBuild(
  shorthand: BuildShorthand,
  source: string,
  { env, stdin, stdoutIsTerminal }: Machine,
): Promise<PreparedBuild> {
  if (source === '-' && shorthand.file === '-') {
    throw new Error("ERROR: invalid argument: can't use stdin for both build context and dockerfile");
  }
  const directories = new Map<string, string>();
  const where = await sourcesOf(shorthand, source, stdin, directories);
  const contexts: Record<string, NamedContextOptions> = {};
  for (const text of shorthand.buildContexts) {
    const at = text.indexOf('=');
    if (at <= 0) throw new Error(`ERROR: invalid context value: ${text}, expected key=value`);
    contexts[text.slice(0, at)] = namedContext(text.slice(0, at), text.slice(at + 1), directories);
  }
  const { asked, places } = outputsOf(shorthand, stdoutIsTerminal);
  const agents = new Map(shorthand.ssh.map((text) => agentOf(parseAgent(text, env))));
  const cacheFrom = shorthand.cacheFrom.map((text) => parseAttributes(text, 'ref'));
  const cacheTo = shorthand.cacheTo.map((text) => parseAttributes(text, 'ref'));
  const options: BuildOptions = {
    call: callOf(shorthand),
    context: where.context,
    dockerfile: where.dockerfile,
    sharedKey: `${hostname()}:${directories.get('context') ?? source}`,
    contexts,
    buildArgs: Object.fromEntries(
      [...epochArg(env), ...shorthand.buildArgs].map((text) => argOf(text, env)).filter((arg) => arg !== undefined),
    ),
    labels: toMap(shorthand.labels),
    tags: shorthand.tags,
    target: shorthand.target,
    platforms: shorthand.platforms.flatMap((text) => text.split(',')),
    noCache: shorthand.noCache,
    noCacheFilter: shorthand.noCacheFilter.flatMap((text) => text.split(',')),
    pull: shorthand.pull,
    network: shorthand.network,
    entitlements: shorthand.allow,
    extraHosts: shorthand.extraHosts,
    limits: shorthand.limits,
    cacheFrom,
    cacheTo,
    outputs: asked,
    requireCached: shorthand.requireCached,
    squash: shorthand.squash,
    onError: onErrorOf(shorthand),
    attestations: attestationsOf(shorthand),
    agents: [...agents.keys()],
  };
  const secrets = new Map(shorthand.secrets.map((text) => secretOf(parseSecret(text, env), env)));
  const { archive } = where;
  const caches = new Map([...cachePlaces('from', cacheFrom), ...cachePlaces('to', cacheTo)]);
  const sources = { directories, secrets, agents, caches, outputs: places, ...(archive ? { archive } : {}) };
  return { options, sources, json: readCall(shorthand.call).json };
}

function cachePlaces(
  direction: 'from' | 'to',
  asked: readonly Readonly<Record<string, string>>[],
): [string, CachePlace][] {
  return asked.flatMap(({ type, src = '', dest = '', tag = 'latest' }, index): [string, CachePlace][] => {
    if (type !== 'local') return [];
    const path = direction === 'from' ? src : dest;
    if (path === '')
      throw new Error(
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
    if (option.startsWith('format=')) throw new Error(`ERROR: unsupported format ${JSON.stringify(option.slice(7))}`);
    throw new Error(`ERROR: invalid call option ${JSON.stringify(option)}`);
  }
  return { method, json: options.at(-1) === 'format=json' };
}

function callOf(shorthand: BuildShorthand): BuildOptions['call'] {
  const { method } = readCall(shorthand.call);
  if (shorthand.check || method === 'check' || method === 'lint') return 'check';
  if (method === 'targets' || method === 'outline' || method === 'build') return method;
  throw new Error(`ERROR: unsupported call ${JSON.stringify(shorthand.call)}`);
}

function onErrorOf(shorthand: BuildShorthand): BuildOptions['onError'] {
  const value = shorthand.onError;
  if (value === 'fail' || value === 'shell') return value;
  throw new Error(`ERROR: invalid value ${JSON.stringify(value)} for --on-error: "fail" or "shell"`);
}

function argOf(text: string, env: Readonly<Record<string, string | undefined>>): [string, string] | undefined {
  const at = text.indexOf('=');
  if (at >= 0) return [text.slice(0, at), text.slice(at + 1)];
  const value = env[text];
  return value === undefined ? undefined : [text, value];
}

/** What is asked for beside the image; `false` is what there is anyway. */
function attestationsOf(shorthand: BuildShorthand): Record<string, string> {
  const asked: Record<string, string> = {};
  for (const text of shorthand.attest) {
    const { type = '', ...rest } = parseAttributes(text, 'type');
    if (rest['disabled'] === 'true') continue;
    asked[type] = Object.entries(rest)
      .map(([key, value]) => `${key}=${value}`)
      .join(',');
  }
  for (const type of ['provenance', 'sbom'] as const) {
    const text = shorthand[type];
    if (text !== '' && text !== 'false') asked[type] = text === 'true' ? '' : text;
  }
  return asked;
}

/** The time of a reproducible build is taken from the environment, as other tools do; an argument of that name wins. */
function epochArg(env: Readonly<Record<string, string | undefined>>): string[] {
  return env['SOURCE_DATE_EPOCH'] ? ['SOURCE_DATE_EPOCH'] : [];
}
