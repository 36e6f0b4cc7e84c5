// What a name in a registry leads to, without pulling it: `distribution inspect`.
import { notFound } from '../../base/errors.ts';
import {
  type Credentials,
  type Fetched,
  isAttestation,
  platformOf,
  type Registries,
  type Remote,
  retrying,
} from '../../registry/client/index.ts';
import type { Platform } from '../../spec/oci/index.ts';
import { MAX_CONFIG_BYTES, parseImageFile } from '../catalog/file.ts';
import { familiarName, fullString, type Reference, withDefaultTag } from '../reference/index.ts';
import { checkDigest } from './resolve.ts';
import { pullError } from './refusal.ts';

export interface RemoteDescription {
  readonly Descriptor: { readonly mediaType: string; readonly digest: string; readonly size: number };
  readonly Platforms: readonly Platform[];
}

export async function describeRemote(
  registries: Registries,
  name: Reference,
  credentials: Credentials,
  signal: AbortSignal,
): Promise<RemoteDescription> {
  const { remote, fetched } = await fetchTop(registries, name, credentials, signal);
  const { document, digest, content } = fetched;
  return {
    Descriptor: { mediaType: document.mediaType, digest, size: content.length },
    Platforms:
      document.kind === 'index'
        ? document.manifests.filter((one) => !isAttestation(one)).map(platformOf)
        : [await platformOfConfig(remote, document.config.digest, signal)],
  };
}

/** The document that a name leads to, from the first that has it. */
export async function fetchTop(
  registries: Registries,
  name: Reference,
  credentials: Credentials,
  signal: AbortSignal,
): Promise<{ remote: Remote; fetched: Fetched }> {
  const reference = withDefaultTag(name);
  if (reference.digest !== undefined) checkDigest(reference.digest);
  try {
    let failure: unknown;
    for await (const remote of registries.readers(reference.domain, reference.path, credentials, signal)) {
      try {
        const wanted = reference.digest ?? reference.tag ?? 'latest';
        return { remote, fetched: await retrying(() => remote.manifest(wanted, signal), registries.settings, signal) };
      } catch (error) {
        failure = error;
        if (!remote.isMirror) break;
      }
    }
    throw failure;
  } catch (error) {
    throw signal.aborted ? error : pullError(error, reference);
  }
}

/** A manifest as `docker manifest` keeps it: described, with its bytes. */
export interface RemoteManifest {
  readonly Ref: string;
  readonly Descriptor: {
    readonly mediaType: string;
    readonly digest: string;
    readonly size: number;
    /** Of an image; an index has several. */
    readonly platform?: Platform;
  };
  /** base64 */
  readonly Raw: string;
}

export async function remoteManifest(
  registries: Registries,
  name: Reference,
  credentials: Credentials,
  signal: AbortSignal,
): Promise<RemoteManifest> {
  const { remote, fetched } = await fetchTop(registries, name, credentials, signal);
  const { document, digest, content } = fetched;
  const platform =
    document.kind === 'manifest' ? { platform: await platformOfConfig(remote, document.config.digest, signal) } : {};
  return {
    Ref: fullString(withDefaultTag(name)),
    Descriptor: { mediaType: document.mediaType, digest, size: content.length, ...platform },
    Raw: content.toString('base64'),
  };
}

/** The tags of a repository, in the registry's order. */
export async function remoteTags(
  registries: Registries,
  name: Reference,
  credentials: Credentials,
  signal: AbortSignal,
  limit?: number,
): Promise<string[]> {
  let failure: unknown = notFound(`repository ${familiarName(name)} not found`);
  try {
    for await (const remote of registries.readers(name.domain, name.path, credentials, signal)) {
      try {
        return await retrying(() => remote.tags(signal, limit), registries.settings, signal);
      } catch (error) {
        failure = error;
      }
    }
  } catch (error) {
    failure = error;
  }
  throw signal.aborted ? failure : pullError(failure, withDefaultTag(name));
}

async function platformOfConfig(remote: Remote, digest: string, signal: AbortSignal): Promise<Platform> {
  const { os, architecture, variant } = parseImageFile(
    await remote.blobWhole(digest, MAX_CONFIG_BYTES, 'image config', signal),
  );
  return { os, architecture, ...(variant ? { variant } : {}) };
}
