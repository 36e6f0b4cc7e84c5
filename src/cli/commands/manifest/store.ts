// Manifest lists in the making: files in the client's folder, as the docker CLI keeps them, so that both can go on with one.
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { ResponseError } from '../../../client/index.ts';
import type { Context } from '../../session/context.ts';
import { Failure } from '../../grammar/index.ts';
import { parseReference, withDefaultTag } from '../../../spec/docker/shorthand/index.ts';
import { replaceFile } from '../../../files/index.ts';
import { INDEX, registryOf } from '../../../client/config/index.ts';

export interface Platform {
  architecture?: string;
  os?: string;
  'os.version'?: string;
  'os.features'?: string[];
  variant?: string;
}

export interface ManifestDescriptor {
  mediaType: string;
  digest: string;
  size: number;
  platform?: Platform;
}

/** One image of a list. */
export interface StoredManifest {
  Ref: string;
  Descriptor: ManifestDescriptor;
  /** base64 */
  Raw: string;
  SchemaV2Manifest?: unknown;
  OCIManifest?: unknown;
}

export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
export const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';

/** `docker.io/library/debian:latest`. Throws Failure with Docker's text, after `what` and the name where it is given. */
export function fullReference(text: string, what = ''): string {
  let short: string;
  try {
    short = withDefaultTag(parseReference(text));
  } catch (error) {
    throw new Failure(`${what === '' ? '' : `${what} ${text}: `}${(error as Error).message}`);
  }
  if (registryOf(short) !== INDEX) return short;
  return `docker.io/${/^[^:@]*\//.test(short) ? '' : 'library/'}${short}`;
}

/** The name without registry where that is Docker's. */
export function shownReference(full: string): string {
  return full.replace(/^docker\.io\/(?:library\/)?/, '');
}

const fileName = (reference: string): string => reference.replaceAll(':', '-').replaceAll('/', '_');

export class ManifestStore {
  readonly #folder: string;

  constructor(context: Context) {
    this.#folder = `${context.globals.config}/manifests`;
  }

  #list(list: string): string {
    return `${this.#folder}/${fileName(list)}`;
  }

  has(list: string): boolean {
    return this.list(list).length > 0;
  }

  /** In the order of their names; empty when there is no such list. */
  list(list: string): StoredManifest[] {
    let names: string[];
    try {
      names = readdirSync(this.#list(list)).filter((name) => !name.endsWith('.tmp'));
    } catch {
      return [];
    }
    return names
      .sort()
      .map((name) => JSON.parse(readFileSync(`${this.#list(list)}/${name}`, 'utf8')) as StoredManifest);
  }

  get(list: string, reference: string): StoredManifest | undefined {
    return this.list(list).find((one) => one.Ref === reference);
  }

  save(list: string, manifest: StoredManifest): void {
    replaceFile(`${this.#list(list)}/${fileName(manifest.Ref)}`, JSON.stringify(manifest), 0o644);
  }

  remove(list: string): void {
    rmSync(this.#list(list), { recursive: true, force: true });
  }
}

/** Asks the daemon, which knows the registries' certificates, mirrors and manners. */
export async function fetchManifest(context: Context, reference: string, insecure: boolean): Promise<StoredManifest> {
  const short = shownReference(reference);
  const query = { name: reference, ...(insecure ? { insecure: '1' } : {}) };
  const headers = { 'X-Registry-Auth': context.credentials.header(short) };
  const answer = await context.client
    .own('GET', '/berth/registry/manifest', query, { headers })
    .catch((error: unknown) => {
      if (!(error instanceof ResponseError)) throw error;
      if (/not found: manifest unknown|404/.test(error.message)) throw new Failure(`no such manifest: ${short}`);
      // docker asks registries itself
      throw new Failure(error.message.replace(/^Error response from daemon: /, ''));
    });
  const chunks: Buffer[] = [];
  for await (const chunk of answer.body) chunks.push(chunk);
  const manifest = JSON.parse(Buffer.concat(chunks).toString()) as StoredManifest;
  if (isList(manifest)) return manifest;
  const document: unknown = JSON.parse(Buffer.from(manifest.Raw, 'base64').toString());
  return manifest.Descriptor.mediaType.includes('vnd.oci.')
    ? { ...manifest, OCIManifest: document }
    : { ...manifest, SchemaV2Manifest: document };
}

export function isList({ Descriptor: { mediaType } }: StoredManifest): boolean {
  return mediaType === OCI_INDEX || mediaType === DOCKER_LIST;
}

/** What a list is when it is pushed. */
export function listDocument(manifests: readonly StoredManifest[]): { mediaType: string; text: string } {
  const oci = manifests.every(({ Descriptor: { mediaType } }) => mediaType.includes('vnd.oci.'));
  const mediaType = oci ? OCI_INDEX : DOCKER_LIST;
  const entries = manifests.map(({ Descriptor: { mediaType: type, size, digest, platform } }) => ({
    mediaType: type,
    size,
    digest,
    platform: {
      architecture: platform?.architecture ?? '',
      os: platform?.os ?? '',
      ...(platform?.['os.version'] ? { 'os.version': platform['os.version'] } : {}),
      ...(platform?.['os.features']?.length ? { 'os.features': platform['os.features'] } : {}),
      ...(platform?.variant ? { variant: platform.variant } : {}),
    },
  }));
  return { mediaType, text: JSON.stringify({ schemaVersion: 2, mediaType, manifests: entries }, null, 3) };
}
