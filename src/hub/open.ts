// Opens a hub: storage, catalog and the HTTP server over them, not yet listening.
import type { Server } from 'node:http';
import { join } from 'node:path';
import type { TlsOptions } from 'node:tls';
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { createHttpServer, type Exchange, type ServedRoute, statusOf } from '../http/index.ts';
import { sendError } from './answers.ts';
import { Catalog, openDatabase } from './metadata/index.ts';
import { RegistryError } from './model/index.ts';
import { type Caller, ManifestCache, type Registry, REGISTRY_ROUTES, type RegistryRoute } from './protocol/index.ts';
import { fileStorage, openStorage } from './storage/index.ts';
import { scanStorage } from './upkeep/index.ts';

export interface HubOptions {
  readonly root: string;
  readonly log: Log;
  readonly tls?: TlsOptions;
  readonly deletes?: boolean;
  /** How long a blob stays that nothing needs. */
  readonly graceMs?: number;
  readonly manifestBytes?: number;
  readonly blobBytes?: number;
}

export interface Hub extends AsyncDisposable {
  readonly server: Server;
  readonly registry: Registry;
}

const HOUR_MS = 3_600_000;
const MANIFEST_BYTES = 4 * 1024 * 1024;
const BLOB_BYTES = 256 * 1024 ** 3;

interface HubRoute extends ServedRoute<Caller> {
  readonly needs: RegistryRoute['needs'];
}

export function openHub(options: HubOptions): Promise<Hub> {
  const { root, log } = options;
  const storage = openStorage(fileStorage(root), options.graceMs ?? HOUR_MS);
  const database = openDatabase(join(root, 'hub', 'hub.db'));
  const catalog = new Catalog(database);
  const closing = new AbortController();
  const indexed = index().catch((error: unknown) => log.error(`the catalog is not complete: ${messageOf(error)}`));
  const registry: Registry = {
    storage,
    catalog,
    indexed,
    manifests: new ManifestCache(storage.blobs),
    limits: {
      manifestBytes: options.manifestBytes ?? MANIFEST_BYTES,
      blobBytes: options.blobBytes ?? BLOB_BYTES,
    },
    rules: { checkTag: () => undefined, checkSize: () => undefined },
    deletes: options.deletes ?? true,
    log,
    record: () => undefined,
  };

  async function index(): Promise<void> {
    if (catalog.fact('scanned') !== undefined) return;
    const count = await scanStorage(storage, catalog, log, closing.signal);
    if (closing.signal.aborted) return;
    catalog.setFact('scanned', new Date().toISOString());
    if (count > 0) log.info(`${count} repositories were there already`);
  }

  const anybody: Caller = { name: '', may: () => true };
  const server = createHttpServer<Caller, HubRoute>({
    routes: REGISTRY_ROUTES.map(({ method, path, needs, run }) => ({
      method,
      path,
      needs,
      handle: (exchange, caller) => run({ registry, exchange, caller }),
    })),
    authenticate: (exchange) => {
      exchange.response.setHeader('Docker-Distribution-Api-Version', 'registry/2.0');
      return anybody;
    },
    missing: (exchange, match) => {
      if (match.kind === 'none') sendError(exchange, new RegistryError('NAME_UNKNOWN', { message: 'page not found' }));
      else sendError(exchange, new RegistryError('UNSUPPORTED', { headers: { Allow: match.allow.join(', ') } }));
    },
    fail: (exchange, error) => {
      if (!(error instanceof RegistryError) && statusOf(error) >= 500) logFailure(log, exchange, error);
      sendError(exchange, error);
    },
    ...(options.tls ? { tls: options.tls } : {}),
  });
  return Promise.resolve({
    server,
    registry,
    async [Symbol.asyncDispose]() {
      if (closing.signal.aborted) return;
      closing.abort();
      await indexed;
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      });
      database.close();
    },
  });
}

function logFailure(log: Log, exchange: Exchange, error: unknown): void {
  log.error(
    { err: error instanceof Error ? error.stack : error },
    `${exchange.request.method} ${exchange.path}: ${messageOf(error)}`,
  );
}
