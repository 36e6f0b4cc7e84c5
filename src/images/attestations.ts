// What is said of an image: the in-toto statements of the attestation manifests in its index.
import type { Digest } from '../base/ids.ts';
import { parseDocument } from '../registry/client/index.ts';
import type { AttestationStatement } from '../spec/docker/index.ts';
import { type Descriptor, hostPlatform, type Platform } from '../spec/oci/index.ts';
import type { ImageContext } from './catalog/context.ts';
import { findImage, findWhole } from './catalog/find.ts';
import { attestationsOf, partsOf } from './catalog/indexes.ts';

const IN_TOTO = 'application/vnd.in-toto+json';
const PREDICATE_TYPE = 'in-toto.io/predicate-type';

export interface AttestationOptions {
  /** This machine's when absent. */
  readonly platform?: Platform;
  /** Only statements of these predicates; all when empty. */
  readonly types?: readonly string[];
  /** With the statements themselves. */
  readonly statement?: boolean;
}

/** Throws notFound for an image or platform that is not here. An image of which nothing is said has none. */
export function attestations(
  context: ImageContext,
  text: string,
  { platform, types = [], statement = false }: AttestationOptions,
): AttestationStatement[] {
  const image = findImage(context.catalog, text, platform ?? hostPlatform());
  const { index } = findWhole(context.catalog, text);
  if (!index) return [];
  const subjects = partsOf(index).filter((part) => part.image === image.id);
  return subjects
    .flatMap(({ descriptor }) => attestationsOf(index.manifests, descriptor.digest))
    .filter(({ digest }) => index.members.get(digest as Digest)?.kind === 'statements')
    .flatMap((descriptor) => statementsOf(context, descriptor))
    .filter(({ type }) => types.length === 0 || types.includes(type))
    .map(({ descriptor, type }) => ({
      Descriptor: descriptor,
      PredicateType: type,
      ...(statement ? { Statement: json(context, descriptor.digest as Digest) } : {}),
    }));
}

function statementsOf(
  { store }: ImageContext,
  manifest: Descriptor,
): { readonly descriptor: Descriptor; readonly type: string }[] {
  const document = parseDocument(store.blobs.readWhole(manifest.digest as Digest), manifest.mediaType);
  if (document.kind !== 'manifest') return [];
  return document.layers
    .filter(({ mediaType }) => mediaType === IN_TOTO)
    .map((descriptor) => ({ descriptor, type: descriptor.annotations?.[PREDICATE_TYPE] ?? '' }));
}

function json({ store }: ImageContext, digest: Digest): unknown {
  return JSON.parse(store.blobs.readWhole(digest).toString());
}
