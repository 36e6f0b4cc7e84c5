// The manifest of an image for a push: the one that it came with, or a new one of its layers' blobs. Pure.
import { sha256, type Digest } from '../../base/digest.ts';
import { type Descriptor, MEDIA } from '../../spec/oci/index.ts';

export interface ManifestOut {
  readonly content: Buffer;
  readonly mediaType: string;
  readonly digest: Digest;
}

const DOCKER_LAYER = 'application/vnd.docker.image.rootfs.diff.tar';
const DOCKER_ENDINGS: Readonly<Record<string, string>> = { [MEDIA.layer]: '', [MEDIA.layerZstd]: '.zstd' };
const DOCKER_CONFIG = 'application/vnd.docker.container.image.v1+json';

/** Docker's own kind, which every registry and client knows, unless a layer has a compression that it has no name for. */
export function buildManifest(
  config: { readonly digest: string; readonly size: number },
  layers: readonly { readonly digest: string; readonly size: number; readonly mediaType: string }[],
  {
    oci = layers.some(({ mediaType }) => mediaType !== MEDIA.layerGzip),
    annotations,
  }: { readonly oci?: boolean; readonly annotations?: Readonly<Record<string, string>> | undefined } = {},
): ManifestOut {
  const of = (mediaType: string, { digest, size }: { digest: string; size: number }): Descriptor => ({
    mediaType,
    size,
    digest,
  });
  const mediaType = oci ? MEDIA.manifest : MEDIA.dockerManifest;
  const manifest = {
    schemaVersion: 2,
    mediaType,
    config: of(oci ? MEDIA.config : DOCKER_CONFIG, config),
    layers: layers.map((layer) =>
      of(oci ? layer.mediaType : `${DOCKER_LAYER}${DOCKER_ENDINGS[layer.mediaType] ?? '.gzip'}`, layer),
    ),
    ...(annotations && Object.keys(annotations).length > 0 ? { annotations } : {}),
  };
  // as Docker indents it, so that the same image has the same digest from both
  const content = Buffer.from(JSON.stringify(manifest, null, 3));
  return { content, mediaType, digest: sha256(content) };
}

/** Docker's kind of an OCI manifest, for a registry that does not take OCI's; undefined where a layer has a form without a name there. */
export function dockerForm({ content, mediaType }: ManifestOut): ManifestOut | undefined {
  if (mediaType !== MEDIA.manifest) return undefined;
  const { config, layers } = JSON.parse(content.toString()) as { config: Descriptor; layers: Descriptor[] };
  const known = [MEDIA.layer, MEDIA.layerGzip] as readonly string[];
  if (!layers.every((layer) => known.includes(layer.mediaType))) return undefined;
  return buildManifest(config, layers, { oci: false });
}
