// What a client asks for, as the builder takes it.
import { parseBool } from '../../base/bool.ts';
import { invalid, notImplemented } from '../../base/errors.ts';
import { FRAME, type BuildOptions, type OutputOptions } from '../../spec/berth/build.ts';
import type { Trees } from '../context/trees.ts';
import { buildPlatforms } from '../platforms.ts';
import type {
  BuildOutput,
  BuildRequest,
  ContextSource,
  DockerfileSource,
  NamedContext,
  SshAgents,
  OutputTarget,
} from '../model/request.ts';
import { linkAgents } from './agent.ts';
import { linkCache } from './cache.ts';
import type { Link } from './link.ts';
import { linkShell } from './shell.ts';
import { linkSource } from './source.ts';

export interface LinkParts {
  readonly trees: Trees;
  readonly tarContext?: (archive: AsyncIterable<Uint8Array>) => ContextSource & AsyncDisposable;
  readonly remoteContext?: (
    url: string,
    buildArgs: ReadonlyMap<string, string>,
    ssh: SshAgents,
  ) => ContextSource & AsyncDisposable;
}

const EMPTY: ContextSource = {
  label: 'context',
  readFile: () => Promise.resolve(undefined),
  sync: () => Promise.reject(invalid('there is no build context')),
};

/** What is made for this build alone goes with `made`. Throws in the builder's words. */
export async function requestOf(
  asked: BuildOptions,
  link: Link,
  parts: LinkParts,
  made: AsyncDisposableStack,
): Promise<BuildRequest> {
  const directory = (name: string, label: string): ContextSource =>
    linkSource(link, parts.trees, name, asked.sharedKey, label);
  const context = await contextOf(asked, link, parts, made, directory);
  const contexts = new Map<string, NamedContext>();
  for (const [name, value] of Object.entries(asked.contexts)) {
    const own = value.kind === 'files' || value.kind === 'oci-layout';
    contexts.set(name, own ? { ...value, source: directory(value.source, name) } : value);
  }
  const epoch = asked.buildArgs['SOURCE_DATE_EPOCH'];
  return {
    dockerfile: dockerfileOf(asked, directory),
    context,
    contexts,
    buildArgs: new Map(Object.entries(asked.buildArgs)),
    labels: new Map(Object.entries(asked.labels)),
    tags: asked.tags,
    target: asked.target,
    platforms: buildPlatforms(asked.platforms),
    noCache: asked.noCache,
    noCacheFilter: asked.noCacheFilter,
    pull: asked.pull,
    network: asked.network,
    entitlements: asked.entitlements,
    extraHosts: asked.extraHosts.map((text) => {
      const at = text.search(/[:=]/);
      return { host: text.slice(0, at), ip: text.slice(at + 1).replace(/^\[(.*)\]$/, '$1') };
    }),
    // the client's numbers; what they may be is the runtime's to say
    limits: asked.limits,
    cacheImports: asked.cacheFrom.map(({ type = 'registry', ...attributes }, index) => ({
      type,
      attributes,
      ...(type === 'local' ? { store: linkCache(link, `from:${index}`) } : {}),
    })),
    cacheExports: asked.cacheTo.map(({ type = 'registry', mode, ...attributes }, index) => ({
      type,
      mode: mode === 'max' ? 'max' : 'min',
      attributes,
      ...(type === 'local' ? { store: linkCache(link, `to:${index}`) } : {}),
    })),
    outputs: asked.outputs.map((output, index) => outputOf(output, index, link)),
    attestations: new Map(Object.entries(asked.attestations)),
    requireCached: asked.requireCached,
    squash: asked.squash,
    ...(asked.onError === 'shell' ? { onFailure: linkShell(link) } : {}),
    ...(epoch !== undefined && /^\d+$/.test(epoch) ? { sourceDateEpoch: Number(epoch) } : {}),
    secrets: {
      async secret(id, signal) {
        await using channel = await link.ask({ kind: 'secret', id });
        const { found } = await channel.json<{ found: boolean }>(signal);
        return found ? Buffer.concat(await Array.fromAsync(channel.data(signal))) : undefined;
      },
    },
    ssh: linkAgents(link, asked.agents),
    credentials: {
      async credentials(host) {
        await using channel = await link.ask({ kind: 'credentials', host });
        return (await channel.json<{ found?: { username: string; password: string; identityToken?: string } }>()).found;
      },
    },
  };
}

async function contextOf(
  { context, buildArgs, agents }: BuildOptions,
  link: Link,
  parts: LinkParts,
  made: AsyncDisposableStack,
  directory: (name: string, label: string) => ContextSource,
): Promise<ContextSource> {
  switch (context.kind) {
    case 'files':
      return directory(context.source, 'context');
    case 'archive': {
      if (!parts.tarContext) throw notImplemented('contexts sent as an archive are not implemented by this daemon');
      const channel = made.use(await link.ask({ kind: 'archive' }));
      return made.use(parts.tarContext(channel.data(link.signal)));
    }
    case 'remote':
      if (!parts.remoteContext) throw notImplemented('a remote context is not implemented by this daemon');
      return made.use(parts.remoteContext(context.url, new Map(Object.entries(buildArgs)), linkAgents(link, agents)));
    case 'empty':
      return EMPTY;
    default:
      throw invalid('unknown kind of context');
  }
}

function dockerfileOf(
  asked: BuildOptions,
  directory: (name: string, label: string) => ContextSource,
): DockerfileSource {
  const { dockerfile } = asked;
  if (dockerfile.kind === 'text')
    return { kind: 'text', name: 'Dockerfile', text: Buffer.from(dockerfile.text, 'base64') };
  const { path } = dockerfile;
  if (dockerfile.kind === 'context') return { kind: 'file', path };
  return { kind: 'file', path, source: directory('dockerfile', 'dockerfile') };
}

function outputOf({ type, attributes, takes }: OutputOptions, index: number, link: Link): BuildOutput {
  const names = (attributes['name'] ?? '').split(',').filter((name) => name !== '');
  if (type === 'cacheonly') return { type };
  if (type === 'image' || type === 'registry') {
    return {
      type: 'image',
      names,
      push: type === 'registry' || parseBool(attributes['push'] ?? '') === true,
      attributes,
    };
  }
  if (type === 'docker' && takes === undefined) return { type: 'image', names, attributes };
  if ((type !== 'docker' && type !== 'oci' && type !== 'tar' && type !== 'local') || takes === undefined) {
    throw invalid(`exporter ${JSON.stringify(type)} could not be found`);
  }
  const write: OutputTarget['write'] = async (chunks, signal) => {
    await using channel = await link.ask({ kind: 'output', index });
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length; at += 1 << 20)
        await channel.send(FRAME.data, chunk.subarray(at, at + (1 << 20)));
    }
    await channel.send(FRAME.end);
    // the end comes back when all of it is written
    await channel.next(signal);
  };
  return { type, names, attributes, target: { kind: takes, write } };
}
