// Builds of older clients: asked for on the classic endpoint with a session, told in its stream as messages of the protocol.
import { cancelled, conflict, invalid } from '../../../base/errors.ts';
import { randomId } from '../../../base/ids.ts';
import type { ContextSource } from '../../model/request.ts';
import { NO_SESSION } from '../session/sessions.ts';
import { StatusResponse } from '../protocol/messages.ts';
import type { BuildKit } from './buildkit.ts';
import type { Exporter } from './build.ts';
import { answerOf } from './run.ts';

/** What the query of `POST /build?version=2` says. */
export interface EndpointQuery {
  readonly buildid?: string;
  readonly session?: string;
  readonly remote?: string;
  readonly dockerfile?: string;
  readonly t?: readonly string[];
  readonly target?: string;
  readonly buildargs?: Readonly<Record<string, string | null>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly cachefrom?: readonly string[];
  readonly nocache?: boolean;
  readonly pull?: boolean;
  readonly platform?: string;
  readonly networkmode?: string;
  readonly extrahosts?: readonly string[];
  readonly cgroupparent?: string;
  readonly shmsize?: number;
  readonly outputs?: readonly { readonly Type?: string; readonly Attrs?: Readonly<Record<string, string>> | null }[];
}

export type Say = (message: object) => Promise<void> | void;

const UPLOAD = 'upload-request';
const SESSION = 'client-session';
/** A context that a second request brings is waited for, milliseconds. */
const UPLOAD_MS = 30_000;

interface Upload {
  readonly archive: PromiseWithResolvers<AsyncIterable<Uint8Array>>;
  readonly used: PromiseWithResolvers<void>;
}

export class Endpoint {
  readonly #buildkit: BuildKit;
  readonly #running = new Set<string>();
  readonly #uploads = new Map<string, Upload>();

  constructor(buildkit: BuildKit) {
    this.#buildkit = buildkit;
  }

  /** Throws before the first message for what is wrong with the request, and what the build failed of later. */
  async build(query: EndpointQuery, body: AsyncIterable<Uint8Array>, say: Say, signal: AbortSignal): Promise<void> {
    const { buildid = '' } = query;
    if (buildid.startsWith(`${UPLOAD}:`)) return this.#bring(buildid.slice(UPLOAD.length + 1), body, signal);
    const id = buildid || randomId();
    if (this.#running.has(id)) throw conflict(`build ${id} exists`);
    this.#running.add(id);
    await using made = new AsyncDisposableStack();
    try {
      await this.#run(id, query, body, say, signal, made);
    } finally {
      this.#running.delete(id);
      this.#upload(id).used.resolve();
      this.#uploads.delete(id);
    }
  }

  async #run(
    id: string,
    query: EndpointQuery,
    body: AsyncIterable<Uint8Array>,
    say: Say,
    signal: AbortSignal,
    made: AsyncDisposableStack,
  ): Promise<void> {
    const buildkit = this.#buildkit;
    // a library that sends the context in the request may have none
    const session = query.session ? await buildkit.sessions.find(query.session, signal) : NO_SESSION;
    const remote = query.remote ?? '';
    let context: (ContextSource & AsyncDisposable) | undefined;
    if (remote === '' || remote === UPLOAD) {
      const archive = remote === '' ? body : await this.#brought(id, signal);
      context = made.use(buildkit.archiveContext(archive));
    }
    const attributes = attributesOf(query);
    if (remote !== '' && remote !== UPLOAD && remote !== SESSION) attributes.set('context', remote);
    const exporters = exportersOf(query);
    const job = buildkit.jobs.make(id);
    const telling = (async () => {
      for await (const part of job.course(signal))
        await say({ id: 'moby.buildkit.trace', aux: StatusResponse.encode(part).toString('base64') });
    })();
    telling.catch(() => undefined);
    try {
      const request = {
        frontend: 'dockerfile.v0',
        attributes,
        inputs: new Map(),
        cacheImports: [],
        cacheExports: [],
        session,
        exporters,
        entitlements: [],
        ...(context ? { context } : {}),
      };
      const result = await buildkit.run(job, request, signal, true);
      job.end();
      await telling;
      const image = answerOf(result).get('containerimage.digest');
      if (exporters[0]?.type === 'moby' && image !== undefined) await say({ id: 'moby.image.id', aux: { ID: image } });
    } finally {
      buildkit.jobs.end(job);
      await telling.catch(() => undefined);
    }
  }

  #upload(id: string): Upload {
    let upload = this.#uploads.get(id);
    if (!upload) {
      upload = { archive: Promise.withResolvers(), used: Promise.withResolvers() };
      upload.archive.promise.catch(() => undefined);
      this.#uploads.set(id, upload);
    }
    return upload;
  }

  /** The request that carries an archive lasts until the build is over. */
  async #bring(id: string, archive: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
    if (this.#uploads.size > 64) throw invalid('too many contexts are being sent');
    const upload = this.#upload(id);
    upload.archive.resolve(archive);
    const timer = setTimeout(() => {
      if (!this.#running.has(id)) upload.used.resolve();
    }, UPLOAD_MS);
    const gone = (): void => upload.used.resolve();
    signal.addEventListener('abort', gone, { once: true });
    await upload.used.promise;
    clearTimeout(timer);
    this.#uploads.delete(id);
  }

  #brought(id: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const { archive } = this.#upload(id);
    const timer = setTimeout(() => archive.reject(invalid('the build context was not sent')), UPLOAD_MS);
    const gone = (): void => archive.reject(cancelled('context canceled'));
    signal.addEventListener('abort', gone, { once: true });
    return archive.promise.finally(() => {
      clearTimeout(timer);
      signal.removeEventListener('abort', gone);
    });
  }
}

function attributesOf(query: EndpointQuery): Map<string, string> {
  const attributes = new Map<string, string>();
  const set = (key: string, value: string | undefined): void => {
    if (value !== undefined && value !== '') attributes.set(key, value);
  };
  set('filename', query.dockerfile === '.' ? '' : query.dockerfile);
  set('target', query.target);
  set('platform', query.platform);
  set('cgroup-parent', query.cgroupparent);
  set('cache-from', query.cachefrom?.join(','));
  // `name:address` there, `name=address` in the attributes
  set('add-hosts', query.extrahosts?.map((pair) => pair.replace(':', '=')).join(','));
  if (query.shmsize) attributes.set('shm-size', String(query.shmsize));
  if (query.nocache) attributes.set('no-cache', '');
  if (query.pull) attributes.set('image-resolve-mode', 'pull');
  if (query.networkmode === 'host' || query.networkmode === 'none')
    attributes.set('force-network-mode', query.networkmode);
  else if (query.networkmode && query.networkmode !== 'default' && query.networkmode !== 'bridge')
    throw invalid(`network mode ${JSON.stringify(query.networkmode)} not supported by buildkit`);
  for (const [key, value] of Object.entries(query.buildargs ?? {}))
    if (value !== null) attributes.set(`build-arg:${key}`, value);
  for (const [key, value] of Object.entries(query.labels ?? {})) attributes.set(`label:${key}`, value);
  return attributes;
}

function exportersOf({ outputs = [], t = [] }: EndpointQuery): Exporter[] {
  if (outputs.length > 1) throw invalid('multiple outputs not supported');
  const [output] = outputs;
  const type = output?.Type ?? 'moby';
  if (type === 'cacheonly') return [];
  const attrs = new Map(Object.entries(output?.Attrs ?? {}));
  if ((type === 'moby' || type === 'image') && t.length > 0) attrs.set('name', t.join(','));
  return [{ type: type === 'image' ? 'moby' : type, attrs }];
}
