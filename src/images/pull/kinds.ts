// Whether a manifest is an image's: registries hold charts, signatures and models in the same form. Pure.
import { invalid } from '../../base/errors.ts';
import type { ManifestDocument } from '../../registry/client/index.ts';
import { MEDIA } from '../../spec/oci/index.ts';

/** What old registries said of configurations and layers that are good. */
const GENERAL = ['application/octet-stream', 'application/json', 'text/html', ''];
const CONFIGS = ['application/vnd.docker.container.image.v1+json', MEDIA.config, ...GENERAL];
const PREFIXES = ['application/vnd.oci.image.', 'application/vnd.docker.'];

/** What is not taken in a manifest of Docker's own kind. dockerd looks before it says that it pulls. */
export function checkDockers({ mediaType, config }: ManifestDocument): void {
  const ofDocker = mediaType === MEDIA.dockerManifest;
  if (ofDocker && !CONFIGS.includes(config.mediaType)) {
    const kind = config.mediaType === 'application/vnd.docker.plugin.v1+json' ? 'plugin' : 'unknown';
    throw invalid(`Encountered remote "${config.mediaType}"(${kind}) when fetching`);
  }
}

/** Throws invalid, in the words of dockerd, before anything is fetched that could not be used. */
export function checkIsImage(document: ManifestDocument): void {
  checkDockers(document);
  const { config, layers } = document;
  for (const { mediaType: type } of [config, ...layers]) {
    const lower = type.toLowerCase();
    if (lower.startsWith('application/vnd.docker.ai.'))
      throw invalid('AI models are not yet supported by the Engine, please use "docker model pull/run" instead');
    if (!GENERAL.includes(lower) && !PREFIXES.some((prefix) => lower.startsWith(prefix)))
      throw invalid(`unsupported media type ${type}`);
  }
}
