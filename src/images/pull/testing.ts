// A registry of a test's own that serves one image and misbehaves as told.
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { type Digest, sha256 } from '../../base/ids.ts';
import { TAR_TRAILER, tarHeader, tarPadding } from '../../host/sandbox/index.ts';
import { type Descriptor, MEDIA } from '../../spec/oci/index.ts';

/** What happens to one request for a blob; undefined: it is served as it should be. */
export type Mischief = (
  request: { readonly start: number; readonly count: number },
  response: ServerResponse,
  content: Buffer,
) => boolean;

export interface FakeImage {
  readonly layers: readonly { readonly digest: Digest; readonly content: Buffer }[];
  readonly manifest: Digest;
}

export class FakeRegistry implements AsyncDisposable {
  readonly #server: Server;
  readonly #blobs = new Map<string, { content: Buffer; type: string }>();
  readonly #tags = new Map<string, string>();
  /** Requests for layers, `digest start`. */
  readonly asked: string[] = [];
  readonly mischief = new Map<string, Mischief>();
  /** Kinds of manifests that it does not take. */
  readonly refusedKinds = new Set<string>();
  address = '';

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<FakeRegistry> {
    const server = createServer((request, response) =>
      request.method === 'PUT'
        ? registry.#take(request, response)
        : registry.#answer(request.url ?? '', request.headers.range, response),
    );
    const registry = new FakeRegistry(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    registry.address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    return registry;
  }

  #put(content: Buffer, type: string): Digest {
    const digest = sha256(content);
    this.#blobs.set(digest, { content, type });
    return digest;
  }

  /** An image with a file a layer, `size` random bytes each. `forms`: how each layer is compressed. */
  image(tag: string, size: number, forms: readonly ('gzip' | 'zstd' | 'plain')[]): FakeImage {
    const plain = forms.map((_, index) => layerArchive(`${tag}-${index}`, randomBytes(size)));
    return this.layers(tag, plain, forms);
  }

  /** An image of these archives, plain unless `forms` says otherwise. */
  layers(
    tag: string,
    plain: readonly Buffer[],
    forms: readonly ('gzip' | 'zstd' | 'plain')[] = [],
    architecture = 'amd64',
  ): FakeImage {
    const content = plain.map((tar, index) =>
      forms[index] === 'gzip' ? gzipSync(tar) : forms[index] === 'zstd' ? zstdCompressSync(tar) : tar,
    );
    const digests = content.map((bytes) => this.#put(bytes, 'application/octet-stream'));
    const config = Buffer.from(
      JSON.stringify({
        architecture,
        os: 'linux',
        config: {},
        rootfs: { type: 'layers', diff_ids: plain.map(sha256) },
      }),
    );
    const types = { gzip: MEDIA.layerGzip, zstd: MEDIA.layerZstd, plain: MEDIA.layer };
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MEDIA.manifest,
        config: { mediaType: MEDIA.config, digest: this.#put(config, MEDIA.config), size: config.length },
        layers: content.map((bytes, index) => ({
          mediaType: types[forms[index] ?? 'plain'],
          digest: digests[index],
          size: bytes.length,
        })),
        annotations: { 'org.example.kept': 'yes' },
      }),
    );
    const digest = this.#put(manifest, MEDIA.manifest);
    this.#tags.set(tag, digest);
    return {
      layers: content.map((bytes, index) => ({ digest: digests[index] as Digest, content: bytes })),
      manifest: digest,
    };
  }

  /** A descriptor of a document that is here, for an index. */
  describe(digest: Digest, architecture?: string): Descriptor {
    const { content, type } = this.#blobs.get(digest) ?? { content: '', type: '' };
    const platform = architecture === undefined ? {} : { platform: { os: 'linux', architecture } };
    return { mediaType: type, digest, size: content.length, ...platform };
  }

  /** A tag for any document. */
  document(tag: string, content: unknown, type: string): Digest {
    const digest = this.#put(Buffer.from(JSON.stringify(content)), type);
    this.#tags.set(tag, digest);
    return digest;
  }

  tagged(tag: string): string | undefined {
    return this.#tags.get(tag);
  }

  /** Of pushes it takes manifests: their blobs are here. */
  #take(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const kind = request.headers['content-type'] ?? '';
      if (this.refusedKinds.has(kind)) {
        response.writeHead(400).end('{"errors":[{"code":"MANIFEST_INVALID","message":"manifest invalid"}]}');
        return;
      }
      const [, tag = ''] = /\/manifests\/([^/]+)$/.exec(request.url ?? '') ?? [];
      const digest = this.#put(Buffer.concat(chunks), kind);
      this.#tags.set(tag, digest);
      response.writeHead(201, { 'Docker-Content-Digest': digest }).end();
    });
  }

  #answer(url: string, range: string | undefined, response: ServerResponse): void {
    const [, kind, reference = ''] = /\/(manifests|blobs)\/([^/]+)$/.exec(url) ?? [];
    if (kind === undefined) {
      response.writeHead(200).end('{}');
      return;
    }
    const digest = this.#tags.get(reference) ?? reference;
    const found = this.#blobs.get(digest);
    if (!found) {
      response.writeHead(404).end('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}');
      return;
    }
    const start = Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0);
    if (kind === 'blobs' && found.type !== MEDIA.config) {
      this.asked.push(`${digest} ${start}`);
      const count = this.asked.filter((one) => one.startsWith(digest)).length;
      if (this.mischief.get(digest)?.({ start, count }, response, found.content)) return;
    }
    const rest = found.content.subarray(start);
    response.writeHead(start > 0 ? 206 : 200, {
      'Content-Type': found.type,
      'Content-Length': rest.length,
      ...(start > 0 ? { 'Content-Range': `bytes ${start}-${found.content.length - 1}/${found.content.length}` } : {}),
    });
    response.end(rest);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export function layerArchive(name: string, content: Buffer): Buffer {
  return Buffer.concat([
    tarHeader({ name, type: 'file', size: content.length }),
    content,
    Buffer.alloc(tarPadding(content.length)),
    TAR_TRAILER,
  ]);
}
