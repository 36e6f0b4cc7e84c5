// From a reference to the manifest of one platform and its configuration, asked of mirrors first.
import { invalid, notFound } from '../../base/errors.ts';
import { isDigest, type Digest } from '../../base/ids.ts';
import { processorLevel } from '../../host/processor.ts';
import {
  chooseManifest,
  type Credentials,
  type Fetched,
  type IndexDocument,
  type ManifestDocument,
  type Registries,
  type Remote,
  RefusedError,
  retrying,
} from '../../registry/client/index.ts';
import { hostPlatform, type Platform } from '../../spec/oci/index.ts';
import { MAX_CONFIG_BYTES } from '../catalog/file.ts';
import type { Reference } from '../reference/index.ts';
import { checkDockers, checkIsImage } from './kinds.ts';
import { missingBlob } from './refusal.ts';

export interface FetchedIndex extends Fetched {
  readonly document: IndexDocument;
}

export interface Resolved {
  /** What the reference leads to: an index, or the manifest itself. */
  readonly top: Fetched;
  /** The indexes on the way to the manifest, the top first; none for a manifest itself. */
  readonly indexes: readonly FetchedIndex[];
  readonly manifest: Fetched & { readonly document: ManifestDocument };
  readonly config: Buffer;
  /** Who has the layers, best first. */
  readonly remotes: readonly Remote[];
}

/** An index in an index is unusual, more than this is an attack. */
const MAX_NESTING = 3;

export interface ResolveOptions {
  readonly credentials: Credentials;
  readonly platform?: Platform;
  /** Called once, when a registry has something under the name. */
  readonly onFound: () => Promise<void> | void;
  readonly signal: AbortSignal;
}

/** Throws what the registry itself said when nobody has it. */
export async function resolveImage(
  registries: Registries,
  reference: Reference,
  options: ResolveOptions,
): Promise<Resolved> {
  const { digest, tag = 'latest' } = reference;
  const { credentials, signal } = options;
  let notified = false;
  const onFound = async (): Promise<void> => {
    if (notified) return;
    notified = true;
    await options.onFound();
  };
  let failure: unknown;
  const remotes: Remote[] = [];
  let found: Omit<Resolved, 'remotes'> | undefined;
  try {
    for await (const remote of registries.readers(reference.domain, reference.path, credentials, signal)) {
      remotes.push(remote);
      if (found) continue;
      try {
        found = await resolveAt(registries, remote, digest ?? tag, { ...options, onFound });
        remotes.splice(0, remotes.length, remote);
      } catch (error) {
        // a mirror that fails or has something else is passed over
        if (signal.aborted || !remote.isMirror) throw error;
        failure = error;
      }
    }
  } catch (error) {
    if (signal.aborted || !found) throw error;
  }
  if (!found) throw failure;
  return { ...found, remotes };
}

async function resolveAt(
  registries: Registries,
  remote: Remote,
  reference: string,
  { platform, onFound, signal }: ResolveOptions,
): Promise<Omit<Resolved, 'remotes'>> {
  const again = <T>(work: () => Promise<T>): Promise<T> => retrying(work, registries.settings, signal);
  const top = await again(() => remote.manifest(reference, signal));
  if (top.document.kind === 'manifest') checkDockers(top.document);
  await onFound();
  const indexes: FetchedIndex[] = [];
  let manifest = top;
  while (manifest.document.kind === 'index') {
    if (indexes.length >= MAX_NESTING) throw invalid('indexes are nested too deep');
    indexes.push({ ...manifest, document: manifest.document });
    const chosen = chooseManifest(manifest.document.manifests, platform ?? hostPlatform(), processorLevel());
    manifest = await again(() => remote.manifest(chosen.digest, signal));
    if (manifest.content.length !== chosen.size)
      throw invalid(`manifest ${chosen.digest} has ${manifest.content.length} bytes, its index says ${chosen.size}`);
  }
  const { document } = manifest;
  if (document.kind !== 'manifest') throw invalid('no manifest of an image');
  checkIsImage(document);
  const { digest, size } = document.config;
  if (size > MAX_CONFIG_BYTES) throw invalid(`the image configuration is too large: ${size} bytes`);
  const config = await again(() => remote.blobWhole(digest as Digest, MAX_CONFIG_BYTES, 'image config', signal)).catch(
    (error: unknown) => {
      if (!(error instanceof RefusedError && error.code === 'BLOB_UNKNOWN')) throw error;
      throw notFound(`error pulling image configuration: ${missingBlob(error)}`, { cause: error });
    },
  );
  return { top, indexes, manifest: { ...manifest, document }, config };
}

/** What can be asked of a registry as a reference: a tag, or a digest of a kind that is known here. */
export function checkDigest(digest: string): void {
  if (!isDigest(digest)) throw invalid('unsupported digest algorithm');
}
