// Opens a hub: storage, catalog and the HTTP server over them, not yet listening.
import type { Server } from 'node:http';
import { join } from 'node:path';
import type { TlsOptions } from 'node:tls';
import { isLoopback } from '../base/address.ts';
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { shareOfOpenFiles } from '../host/descriptors.ts';
import { DEFAULT_SETTINGS, Registries } from '../registry/client/index.ts';
import { createHttpServer, type Exchange, type ServedRoute, statusOf } from '../http/index.ts';
import { type Access, type Identity, openAccess } from './access/index.ts';
import { sendError } from './answers.ts';
import { apiRoutes } from './api/index.ts';
import { Listings } from './images/index.ts';
import { Browser, Catalog, openDatabase } from './metadata/index.ts';
import { checkName, RegistryError } from './model/index.ts';
import {
  type ActionRecord,
  type Caller,
  ManifestCache,
  type Registry,
  REGISTRY_ROUTES,
  type RegistryRoute,
} from './protocol/index.ts';
import { Pages } from './pages/index.ts';
import { PullLimit } from './pull-limit.ts';
import { type BucketSettings, bucketStorage, fileStorage, lockRoot, openStorage, ownBucket } from './storage/index.ts';
import { Metrics, sendHealth } from './health.ts';
import { Search, searchRoutes } from './search/index.ts';
import { Follows, type Job, JobQueue, Mirror, Replicas, Upstreams, Webhooks } from './upstreams/index.ts';
import { collectRegularly, retain, scanStorage } from './upkeep/index.ts';

export interface HubOptions {
  readonly root: string;
  readonly log: Log;
  /** Where blobs and links are instead of below `root`, where the catalog stays. */
  readonly bucket?: BucketSettings;
  /** Called when the bucket is not this hub's any more: it is to end. */
  readonly lost?: (why: string) => void;
  readonly tls?: TlsOptions;
  readonly deletes?: boolean;
  /** How long a blob stays that nothing needs. */
  readonly graceMs?: number;
  readonly manifestBytes?: number;
  readonly blobBytes?: number;
  /** As clients reach the hub, `https://hub.example.com`; undefined: as each of them says. */
  readonly url?: string;
  readonly collectEveryMs?: number;
  /** Other registries that may be spoken to without TLS: `host`, `host:port`, CIDR. The loopback always may. */
  readonly insecure?: readonly string[];
  /** A share of the open files that are allowed where it is not said. */
  readonly maxConnections?: number;
  /** Manifests that one client may pull, and in how many seconds. */
  readonly pullLimit?: { readonly pulls: number; readonly seconds: number };
}

export interface Hub extends AsyncDisposable {
  readonly server: Server;
  readonly registry: Registry;
  readonly access: Access;
}

const HOUR_MS = 3_600_000;
/** What is under way when the hub ends has so long. */
const STOP_MS = 30_000;
const IDLE_CHECK_MS = 100;
/** Each upload and each pull has a file open beside its connection. */
const MAX_CONNECTIONS = 8192;
const MANIFEST_BYTES = 4 * 1024 * 1024;
const BLOB_BYTES = 256 * 1024 ** 3;

interface HubRoute extends ServedRoute<Identity> {
  /** `reading`: whoever it is, an answer holds what that one may see. */
  readonly needs: RegistryRoute['needs'] | 'nothing' | 'reading';
}

export async function openHub(options: HubOptions): Promise<Hub> {
  const { root, log, bucket } = options;
  const lock = lockRoot(root);
  const driver = bucket ? bucketStorage(bucket, root) : fileStorage(root);
  const lost = options.lost ?? ((why: string) => log.error(why));
  let owned: AsyncDisposable | undefined;
  try {
    owned = bucket && (await ownBucket(driver, lost));
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
  const storage = openStorage(driver, options.graceMs ?? HOUR_MS);
  const database = openDatabase(join(root, 'hub', 'hub.db'));
  const catalog = new Catalog(database);
  const access = openAccess(database, options.url);
  const { authority } = access;
  const pullLimit = options.pullLimit && new PullLimit(options.pullLimit);
  const closing = new AbortController();
  const indexed = index().catch((error: unknown) => log.error(`the catalog is not complete: ${messageOf(error)}`));
  const limits = { manifestBytes: options.manifestBytes ?? MANIFEST_BYTES, blobBytes: options.blobBytes ?? BLOB_BYTES };
  const registries = new Registries({ ...DEFAULT_SETTINGS, insecure: options.insecure ?? [] });
  const upstreams = new Upstreams(database);
  const bringPlace = {
    storage,
    catalog,
    registries,
    blobBytes: limits.blobBytes,
    checkTag: (...about: Parameters<Access['rules']['checkTag']>) => access.rules.checkTag(...about),
  };
  const mirror = new Mirror({ storage, catalog, upstreams, registries, blobBytes: limits.blobBytes, log });
  const webhooks = new Webhooks(database);
  const replicas = new Replicas(database, storage, registries);
  const follows = new Follows(database);
  const works = {
    webhook: (job: Job) => webhooks.send(job),
    replicate: (job: Job) => replicas.copy(job),
    follow: (job: Job) => follows.round(bringPlace, job, closing.signal),
  };
  const queue = new JobQueue(database, works, log);
  const announce = (
    { name, address }: Caller,
    { action, repository, what, digest = '', ...record }: ActionRecord,
  ): void => {
    if (action !== 'push' && action !== 'delete') return;
    const tags = what.includes(':') ? [''] : what.split(',');
    for (const tag of tags)
      webhooks.announce(
        queue,
        {
          action,
          repository,
          tag,
          digest: digest || (tag === '' ? what : ''),
          mediaType: record.mediaType ?? '',
          size: record.size ?? 0,
          account: name,
          address,
        },
        Date.now(),
      );
    if (action === 'push') replicas.announce(queue, repository, tags[0] === '' ? [what] : tags);
  };
  const registry: Registry = {
    storage,
    catalog,
    indexed,
    manifests: new ManifestCache(storage.blobs),
    mirror,
    limits,
    rules: access.rules,
    deletes: options.deletes ?? true,
    log,
    record: (caller, record) => {
      const { action, repository, what } = record;
      const { name, address } = caller;
      // pulls are counted, not written down one by one
      if (action !== 'pull') access.audit.add({ at: Date.now(), account: name, address, action, repository, what });
      announce(caller, record);
    },
  };

  async function index(): Promise<void> {
    if (catalog.fact('scanned') !== undefined) return;
    const count = await scanStorage(storage, catalog, log, closing.signal);
    if (closing.signal.aborted) return;
    catalog.setFact('scanned', new Date().toISOString());
    if (count > 0) log.info(`${count} repositories were there already`);
  }

  /** Tags that rules of retention let go. */
  function letGo(): Promise<number> {
    return retain({ storage, catalog, database, now: Date.now() }, (repository, tag) =>
      access.audit.add({ at: Date.now(), account: 'retention', address: '', action: 'delete', repository, what: tag }),
    );
  }

  queue.start(closing.signal);
  follows.start(queue, closing.signal);
  collectRegularly({ storage, catalog, log, before: letGo }, options.collectEveryMs ?? 6 * HOUR_MS, closing.signal);
  const metrics = new Metrics();
  const search = new Search(database);
  const library = { storage, catalog, listings: new Listings(database, storage.blobs) };
  const browser = new Browser(database);
  const pages = new Pages({
    library,
    browser,
    search,
    access,
    indexed,
    hostOf: (exchange) => authority.serviceOf(exchange),
    record: (entry) => access.audit.add({ at: Date.now(), ...entry }),
  });
  const served: readonly HubRoute[] = [
    ...REGISTRY_ROUTES.map(({ method, path, needs, run }) => ({
      method,
      path,
      needs,
      handle: (exchange: Exchange, caller: Identity) => run({ registry, exchange, caller }),
    })),
    ...searchRoutes(search).map(({ method, path, run }) => ({
      method,
      path,
      needs: 'reading' as const,
      handle: async (exchange: Exchange, who: Identity) => {
        await indexed;
        run(exchange, who);
      },
    })),
    {
      method: 'GET',
      path: '/healthz',
      needs: 'nothing',
      handle: (exchange) => sendHealth(exchange, canRead(catalog)),
    },
    {
      method: 'GET',
      path: '/metrics',
      needs: 'reading',
      handle: (exchange, who) => {
        if (access.accounts.areThere && who.account?.isAdmin !== true && !isLoopback(who.address))
          throw new RegistryError('DENIED', { message: 'metrics are for admins, and for this machine' });
        exchange.send(200, metrics.text(), { 'Content-Type': 'text/plain; version=0.0.4' });
      },
    },
    ...access.tokens.routes().map((route) => ({ ...route, needs: 'nothing' as const })),
    ...apiRoutes({
      library,
      browser,
      search,
      authority,
      indexed,
      record: ({ name, address }, entry) => access.audit.add({ at: Date.now(), account: name, address, ...entry }),
    }).map((route) => ({ ...route, needs: 'reading' as const })),
    // pages know people by their cookie, and show what those may see
    ...pages.routes.map((route) => ({ ...route, needs: 'nothing' as const })),
  ];
  const open = new Set(served.filter(({ needs }) => needs === 'nothing').map(({ path }) => path));

  const server = createHttpServer<Identity, HubRoute>({
    routes: served,
    authenticate: (exchange) => {
      exchange.response.setHeader('Docker-Distribution-Api-Version', 'registry/2.0');
      return open.has(exchange.path) || pages.isPage(exchange.path)
        ? authority.nobody(exchange)
        : authority.identify(exchange);
    },
    authorize: (exchange, who, { needs, path, method }) => {
      if (needs === 'nothing' || needs === 'reading') return;
      if (needs === 'login' || needs === 'catalog') authority.requireLogin(exchange, who);
      else {
        const name = checkName(exchange.param('name'));
        authority.authorize(exchange, who, name, needs);
        if (needs === 'push' && mirror.has(name))
          throw new RegistryError('DENIED', { message: `${name} is a mirror: push to its upstream` });
      }
      if (method === 'GET' && path.includes('/manifests/')) pullLimit?.count(exchange, who);
    },
    missing: (exchange, match) => {
      if (match.kind === 'none' && pages.isPage(exchange.path)) pages.fail(exchange, new RegistryError('NAME_UNKNOWN'));
      else if (match.kind === 'none')
        sendError(exchange, new RegistryError('NAME_UNKNOWN', { message: 'page not found' }));
      else sendError(exchange, new RegistryError('UNSUPPORTED', { headers: { Allow: match.allow.join(', ') } }));
    },
    done: ({ request, response }, route, startedAt) =>
      metrics.count(
        request.method ?? '',
        route?.path ?? 'none',
        response.statusCode,
        (performance.now() - startedAt) / 1000,
      ),
    fail: (exchange, error) => {
      if (!(error instanceof RegistryError) && statusOf(error) >= 500) logFailure(log, exchange, error);
      if (pages.isPage(exchange.path)) pages.fail(exchange, error);
      else sendError(exchange, error);
    },
    maxConnections: options.maxConnections ?? shareOfOpenFiles(3, MAX_CONNECTIONS),
    ...(options.tls ? { tls: options.tls } : {}),
  });
  return {
    server,
    registry,
    access,
    async [Symbol.asyncDispose]() {
      if (closing.signal.aborted) return;
      closing.abort();
      await indexed;
      await closeServer(server);
      database.close();
      await owned?.[Symbol.asyncDispose]();
      lock[Symbol.dispose]();
    },
  };
}

/** What is under way may end, for a while; connections that only wait are closed. */
async function closeServer(server: Server): Promise<void> {
  const idle = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS);
  const late = setTimeout(() => server.closeAllConnections(), STOP_MS);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
  clearInterval(idle);
  clearTimeout(late);
}

function canRead(catalog: Catalog): boolean {
  try {
    catalog.fact('scanned');
    return true;
  } catch {
    return false;
  }
}

function logFailure(log: Log, exchange: Exchange, error: unknown): void {
  log.error(
    { err: error instanceof Error ? error.stack : error },
    `${exchange.request.method} ${exchange.path}: ${messageOf(error)}`,
  );
}
