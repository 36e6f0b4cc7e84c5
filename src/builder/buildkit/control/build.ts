// A client's wish for an image as the builder takes it: attributes read, directories of the session as contexts, its outputs.
import { parseBool } from '../../../base/bool.ts';
import { invalid, notImplemented } from '../../../base/errors.ts';
import type {
  BuildOutput,
  BuildRequest,
  CacheExport,
  ContextSource,
  DockerfileSource,
  NamedContext,
  SshAgents,
} from '../../model/request.ts';
import type { Definition } from '../protocol/messages.ts';
import type { Of } from '../protocol/codec.ts';
import { sessionBlobs, sessionCache } from '../session/content.ts';
import { sessionAgents } from '../session/ssh.ts';
import { sessionCredentials, sessionSecrets } from '../session/secrets.ts';
import { sessionOutput } from '../session/output.ts';
import type { Session, Sessions } from '../session/sessions.ts';
import { sessionSource } from '../session/source.ts';
import type { Trees } from '../../context/trees.ts';
import { BytesMessage } from '../protocol/messages.ts';
import {
  type Attributes,
  cacheImportsOf,
  checkFrontend,
  hostsOf,
  limitsOf,
  list,
  networkOf,
  noCacheOf,
  prefixed,
} from './attributes.ts';
import { sourceIn } from './gateway.ts';
import { buildPlatforms } from '../../platforms.ts';

export interface Request {
  readonly frontend: string;
  readonly attributes: Attributes;
  readonly inputs: ReadonlyMap<string, Of<typeof Definition>>;
  readonly session: Session;
  readonly exporters: readonly Exporter[];
  readonly entitlements: readonly string[];
  readonly cacheImports: readonly { readonly type: string; readonly attrs: ReadonlyMap<string, string> }[];
  readonly cacheExports: readonly CacheExport[];
  /** The context when it is not one of the session's directories. */
  readonly context?: ContextSource;
}

export interface Exporter {
  readonly type: string;
  readonly attrs: ReadonlyMap<string, string>;
}

export interface Parts {
  readonly sessions: Sessions;
  readonly trees: Trees;
  /** A directory, git repository or archive elsewhere as a context; undefined when the builder has none of that kind. */
  readonly remoteContext?: (
    url: string,
    buildArgs: ReadonlyMap<string, string>,
    ssh: SshAgents,
  ) => ContextSource & AsyncDisposable;
  readonly tarContext?: (archive: AsyncIterable<Uint8Array>) => ContextSource & AsyncDisposable;
  /** An image that another of this client's builds makes, by the definition that stands for it. */
  imageOf(input: string, signal: AbortSignal): Promise<string>;
}

const PULL = '/moby.upload.v1.Upload/Pull';
/** Clients that send an archive name it as if it were here. */
const UPLOADED = /^https?:\/\/buildkit-session\//;

/** Throws in BuildKit's words for what it would refuse. What is made for the build alone goes with `made`. */
export async function buildRequestOf(
  ref: string,
  request: Request,
  parts: Parts,
  made: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<BuildRequest> {
  const { attributes, session } = request;
  checkFrontend(request.frontend, attributes);
  const platforms = buildPlatforms(list(attributes.get('platform')));
  const names = {
    context: attributes.get('contextkey') ?? 'context',
    dockerfile: attributes.get('dockerfilekey') ?? 'dockerfile',
  };
  const directory = async (name: string, label: string, companions?: (path: string) => readonly string[]) => {
    const other = attributes.get(`local-sessionid:${name}`);
    const owner = other === undefined ? session : await parts.sessions.find(other, signal);
    return sessionSource(parts.trees, { session: owner, name, label, ...(companions ? { companions } : {}) });
  };
  const address = attributes.get('context');
  const context =
    request.context ??
    (address === undefined || address === ''
      ? await directory(names.context, 'context')
      : remote(address, request, parts, made, signal));
  const dockerfile: DockerfileSource = {
    kind: 'file',
    path: attributes.get('filename') ?? '',
    // a context from elsewhere brings its own, unless the client names one of its directories
    ...((request.context || address) && !attributes.has('dockerfilekey')
      ? {}
      : { source: await directory(names.dockerfile, 'dockerfile', companionsOf) }),
  };
  const contexts = new Map<string, NamedContext>();
  for (const [name, value] of prefixed(attributes, 'context:'))
    contexts.set(name.split('::')[0] ?? name, await namedContext(value, request, parts, directory, signal));
  const epoch = attributes.get('build-arg:SOURCE_DATE_EPOCH');
  const network = networkOf(attributes);
  const target = attributes.get('target');
  return {
    id: ref,
    dockerfile,
    context,
    contexts,
    buildArgs: prefixed(attributes, 'build-arg:'),
    labels: prefixed(attributes, 'label:'),
    platforms,
    ...(target === undefined ? {} : { target }),
    ...noCacheOf(attributes),
    pull: attributes.get('image-resolve-mode') === 'pull',
    secrets: sessionSecrets(session),
    ssh: sessionAgents(session),
    credentials: sessionCredentials(session, signal),
    ...(network === undefined ? {} : { network }),
    entitlements: request.entitlements,
    extraHosts: hostsOf(attributes.get('add-hosts')),
    limits: limitsOf(attributes),
    cacheImports: cacheImportsOf(attributes, request.cacheImports).map((one) => ({
      ...one,
      ...(one.type === 'local' ? { store: sessionCache(session, one.attributes['src'] ?? '') } : {}),
    })),
    cacheExports: request.cacheExports.map((one) => ({
      ...one,
      ...(one.type === 'local' ? { store: sessionCache(session, one.attributes['dest'] ?? '') } : {}),
    })),
    outputs: outputsOf(request.exporters, session),
    attestations: attestationsOf(attributes),
    ...(epoch !== undefined && /^\d+$/.test(epoch) ? { sourceDateEpoch: Number(epoch) } : {}),
  };
}

/** Read together with a Dockerfile, since they are asked for next. */
function companionsOf(path: string): readonly string[] {
  return path.endsWith('.dockerignore') ? [] : [`${path}.dockerignore`];
}

function attestationsOf(attributes: Attributes): ReadonlyMap<string, string> {
  return new Map([...prefixed(attributes, 'attest:')].filter(([, value]) => !/(^|,)disabled=true(,|$)/.test(value)));
}

function remote(
  address: string,
  { session, attributes }: Request,
  parts: Parts,
  made: AsyncDisposableStack,
  signal: AbortSignal,
): ContextSource {
  if (UPLOADED.test(address)) {
    if (!parts.tarContext) throw notImplemented('contexts sent as an archive are not implemented by this daemon');
    return made.use(parts.tarContext(uploaded(address, session, signal)));
  }
  if (!parts.remoteContext) throw notImplemented(`the context ${address} is not implemented by this daemon`);
  return made.use(parts.remoteContext(address, prefixed(attributes, 'build-arg:'), sessionAgents(session)));
}

async function* uploaded(
  address: string,
  session: Session,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, void> {
  const url = new URL(address);
  const call = session.caller.open(PULL, { urlpath: url.pathname, urlhost: url.host }, signal);
  call.end();
  for await (const body of call.input) yield BytesMessage.decode(body).data;
}

async function namedContext(
  value: string,
  request: Request,
  parts: Parts,
  directory: (name: string, label: string) => Promise<ContextSource>,
  signal: AbortSignal,
): Promise<NamedContext> {
  const at = value.indexOf(':');
  const scheme = at < 0 ? '' : value.slice(0, at);
  const rest = value.slice(at + 1);
  if (scheme === 'docker-image') return { kind: 'image', reference: rest.replace(/^\/\//, '') };
  if (scheme === 'local') return { kind: 'files', source: await directory(rest, `context ${rest}`) };
  if (scheme === 'target') return { kind: 'stage', name: rest };
  if (scheme === 'http' || scheme === 'https' || scheme === 'git' || scheme === 'ssh')
    return { kind: 'remote', url: value };
  if (scheme === 'input') {
    const definition = request.inputs.get(rest);
    if (!definition) throw invalid(`invalid input for build ${JSON.stringify(rest)}`);
    const source = sourceIn(definition);
    if (source === undefined)
      throw notImplemented('graphs of operations as contexts are not implemented by this daemon');
    if (source.startsWith('docker-image://'))
      return { kind: 'image', reference: source.slice('docker-image://'.length) };
    return { kind: 'image', reference: await parts.imageOf(source, signal) };
  }
  if (scheme === 'oci-layout') {
    // the name of a store of the client, a tag that it has found out about, and the digest that it found
    const [, store = '', digest = ''] = /^\/\/([^:@]*)(?::[^@]*)?@(.*)$/.exec(rest) ?? [];
    if (digest === '') throw invalid(`invalid OCI layout ${JSON.stringify(value)}: it names no digest`);
    return { kind: 'oci-blobs', read: sessionBlobs(request.session, `oci:${store}`), digest };
  }
  throw invalid(`unsupported context source ${scheme} for ${value}`);
}

function outputsOf(exporters: readonly Exporter[], session: Session): BuildOutput[] {
  if (exporters.length === 0) return [{ type: 'cacheonly' }];
  return exporters.map(({ type, attrs }, index): BuildOutput => {
    const attributes = Object.fromEntries(attrs);
    const names = list(attrs.get('name'));
    switch (type) {
      case 'moby':
      case 'image':
        return { type: 'image', names, push: parseBool(attrs.get('push') ?? '') === true, attributes };
      case 'docker':
      case 'oci':
        // the client would take blob after blob into a store of its own, and has no place for an archive
        if (/^(0|f|F|false|FALSE|False)$/.test(attributes['tar'] ?? ''))
          throw notImplemented(`exporter ${type} with tar=false is not implemented by this daemon`);
        return { type, names, attributes, target: sessionOutput(session, { index, kind: 'archive' }) };
      case 'tar':
        return { type, attributes, target: sessionOutput(session, { index, kind: 'archive' }) };
      case 'local':
        return { type, attributes, target: sessionOutput(session, { index, kind: 'directory' }) };
      default:
        throw invalid(`exporter ${JSON.stringify(type)} could not be found`);
    }
  });
}
