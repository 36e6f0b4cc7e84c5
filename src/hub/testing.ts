// A hub of a test's own on the loopback, and the requests of a client that knows the protocol by heart.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '../base/log.ts';
import { type Hub, type HubOptions, openHub } from './open.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
  /** The first code of an error body. */
  readonly code: string | undefined;
}

export interface Ask {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | ReadableStream;
}

export const digestOf = (content: string | Uint8Array, algorithm = 'sha256'): string =>
  `${algorithm}:${createHash(algorithm).update(content).digest('hex')}`;

export const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const INDEX = 'application/vnd.oci.image.index.v1+json';
const CONFIG = 'application/vnd.oci.image.config.v1+json';
const LAYER = 'application/vnd.oci.image.layer.v1.tar';

export class TestHub implements AsyncDisposable {
  readonly root: string;
  readonly #options: Partial<HubOptions>;
  #hub: Hub;

  private constructor(root: string, options: Partial<HubOptions>, hub: Hub) {
    this.root = root;
    this.#options = options;
    this.#hub = hub;
  }

  static async start(options: Partial<HubOptions> = {}): Promise<TestHub> {
    const root = options.root ?? mkdtempSync(join(tmpdir(), 'berth-hub-'));
    return new TestHub(root, options, await listening({ log: silentLog, ...options, root }));
  }

  get hub(): Hub {
    return this.#hub;
  }

  get address(): string {
    return `127.0.0.1:${(this.#hub.server.address() as AddressInfo).port}`;
  }

  /** Another process over the same directory, as far as the directory can tell. */
  async restart(options: Partial<HubOptions> = {}): Promise<void> {
    await this.#hub[Symbol.asyncDispose]();
    this.#hub = await listening({ log: silentLog, ...this.#options, ...options, root: this.root });
  }

  async ask(method: string, path: string, { headers = {}, body }: Ask = {}): Promise<Answer> {
    const url = path.startsWith('http') ? path : `http://${this.address}${path}`;
    const response = await fetch(url, {
      method,
      headers,
      redirect: 'manual',
      ...(body === undefined ? {} : { body, duplex: 'half' }),
    });
    const content = Buffer.from(await response.arrayBuffer());
    let code: string | undefined;
    if (response.status >= 400 && content.length > 0 && response.headers.get('content-type') === 'application/json')
      code = (JSON.parse(content.toString()) as { errors?: { code?: string }[] }).errors?.[0]?.code;
    return { status: response.status, headers: response.headers, body: content, code };
  }

  async pushBlob(name: string, content: string | Uint8Array, headers: Record<string, string> = {}): Promise<string> {
    const digest = digestOf(content);
    const answer = await this.ask('POST', `/v2/${name}/blobs/uploads/?digest=${digest}`, { body: content, headers });
    if (answer.status !== 201) throw new Error(`push of a blob: ${answer.status} ${answer.body.toString()}`);
    return digest;
  }

  /** An image of some layers; answers its digest. */
  async pushImage(
    name: string,
    tag: string,
    layers: readonly string[],
    more: Record<string, unknown> = {},
    headers: Record<string, string> = {},
  ): Promise<string> {
    const config = JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } });
    const part = async (mediaType: string, content: string): Promise<object> => ({
      mediaType,
      digest: await this.pushBlob(name, content, headers),
      size: Buffer.byteLength(content),
    });
    const manifest = JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: await part(CONFIG, config),
      layers: await Promise.all(layers.map((layer) => part(LAYER, layer))),
      ...more,
    });
    const answer = await this.ask('PUT', `/v2/${name}/manifests/${tag}`, {
      body: manifest,
      headers: { 'Content-Type': MANIFEST, ...headers },
    });
    if (answer.status !== 201) throw new Error(`push of a manifest: ${answer.status} ${answer.body.toString()}`);
    return digestOf(manifest);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#hub.server.closeAllConnections();
    await this.#hub[Symbol.asyncDispose]();
    rmSync(this.root, { recursive: true, force: true });
  }
}

async function listening(options: HubOptions): Promise<Hub> {
  const hub = await openHub(options);
  await new Promise<void>((resolve) => hub.server.listen(0, '127.0.0.1', resolve));
  return hub;
}
