import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ManifestDocument, parseDocument } from '../../registry/client/index.ts';
import { MEDIA } from '../../spec/oci/index.ts';
import { checkIsImage } from './kinds.ts';

const DIGEST = `sha256:${'ab'.repeat(32)}`;

function manifest(mediaType: string, config: string, layer: string): ManifestDocument {
  const one = (type: string): object => ({ mediaType: type, digest: DIGEST, size: 7 });
  const text = JSON.stringify({
    schemaVersion: 2,
    mediaType,
    config: one(config),
    layers: [one(MEDIA.layer), one(layer)],
  });
  const document = parseDocument(Buffer.from(text), mediaType);
  assert.ok(document.kind === 'manifest');
  return document;
}

const DOCKER_CONFIG = 'application/vnd.docker.container.image.v1+json';
const AI = 'AI models are not yet supported by the Engine, please use "docker model pull/run" instead';
const unsupported = (type: string): string => `unsupported media type ${type}`;
const encountered = (type: string, kind = 'unknown'): string => `Encountered remote "${type}"(${kind}) when fetching`;

/** What dockerd 28.5.2 said to each; no words: it went on to the blobs. */
const CONFIGS: [config: string, ofOci: string | undefined, ofDocker: string | undefined][] = [
  [MEDIA.config, undefined, undefined],
  [DOCKER_CONFIG, undefined, undefined],
  ['application/octet-stream', undefined, undefined],
  ['application/json', undefined, undefined],
  ['text/html', undefined, undefined],
  ['', undefined, undefined],
  ['APPLICATION/VND.OCI.IMAGE.CONFIG.V1+JSON', undefined, encountered('APPLICATION/VND.OCI.IMAGE.CONFIG.V1+JSON')],
  ['application/vnd.docker.foo', undefined, encountered('application/vnd.docker.foo')],
  ['application/vnd.oci.image.foo', undefined, encountered('application/vnd.oci.image.foo')],
  ['application/vnd.oci.images', unsupported('application/vnd.oci.images'), encountered('application/vnd.oci.images')],
  ['application/vnd.docker.plugin.v1+json', undefined, encountered('application/vnd.docker.plugin.v1+json', 'plugin')],
  [
    'application/vnd.docker.ai.model.config.v0.1+json',
    AI,
    encountered('application/vnd.docker.ai.model.config.v0.1+json'),
  ],
  ...[
    'application/vnd.cncf.helm.config.v1+json',
    'application/vnd.wasm.config.v0+json',
    'application/vnd.fermyon.spin.application.v1+config',
    'application/vnd.buildkit.cacheconfig.v0',
    'application/vnd.oci.empty.v1+json',
  ].map((type): [string, string, string] => [type, unsupported(type), encountered(type)]),
];

const LAYERS: [layer: string, words: string | undefined][] = [
  ['application/vnd.oci.image.layer.v1.tar+gzip+encrypted', undefined],
  ['application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', undefined],
  ['application/vnd.docker.foo', undefined],
  [MEDIA.config, undefined],
  ['application/json', undefined],
  ['text/html', undefined],
  ['', undefined],
  ['application/vnd.docker.ai.gguf.v3', AI],
  ...[
    'application/wasm',
    'application/vnd.in-toto+json',
    'application/vnd.dev.cosign.simplesigning.v1+json',
    'application/vnd.ollama.image.model',
    'application/vnd.dockers',
    'text/plain',
  ].map((type): [string, string] => [type, unsupported(type)]),
];

test('what is no image is refused in the words of dockerd', () => {
  const check = (mediaType: string, config: string, layer: string, message: string | undefined): void => {
    const work = (): void => checkIsImage(manifest(mediaType, config, layer));
    if (message === undefined) work();
    else assert.throws(work, { kind: 'invalid', message }, `${mediaType} ${config} ${layer}`);
  };
  for (const [config, ofOci, ofDocker] of CONFIGS) {
    check(MEDIA.manifest, config, MEDIA.layerGzip, ofOci);
    check(MEDIA.dockerManifest, config, MEDIA.layerGzip, ofDocker);
  }
  for (const [layer, message] of LAYERS) {
    check(MEDIA.manifest, MEDIA.config, layer, message);
    check(MEDIA.dockerManifest, DOCKER_CONFIG, layer, message);
  }
});
