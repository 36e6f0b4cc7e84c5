// An OCI layout made by hand: one layer, an image of amd64 and one of arm64 on it, and a statement about each.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Digest, sha256 } from '../../src/base/ids.ts';
import { TAR_TRAILER, tarHeader, tarPadding } from '../../src/host/sandbox/index.ts';
import { type Descriptor, MEDIA } from '../../src/spec/oci/index.ts';

export interface Layout {
  readonly index: Digest;
  /** Manifests and image ids. */
  readonly images: readonly { readonly manifest: Digest; readonly id: Digest }[];
}

/** Writes it below `directory`, which is made, under the name `tag`. */
export function writeLayout(directory: string, tag: string): Layout {
  mkdirSync(join(directory, 'blobs/sha256'), { recursive: true });
  const put = (value: unknown, mediaType: string): Descriptor => {
    const content = Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value));
    const digest = sha256(content);
    writeFileSync(join(directory, 'blobs/sha256', digest.slice('sha256:'.length)), content);
    return { mediaType, digest, size: content.length };
  };
  const text = Buffer.from('the same on every platform\n');
  const header = tarHeader({ name: 'text', type: 'file', size: text.length });
  const archive = Buffer.concat([header, text, Buffer.alloc(tarPadding(text.length)), TAR_TRAILER]);
  const layer = put(gzipSync(archive), MEDIA.layerGzip);
  const images = ['amd64', 'arm64'].map((architecture) => {
    const config = put(
      {
        architecture,
        os: 'linux',
        created: '2025-01-01T00:00:00Z',
        config: { Cmd: [`/${architecture}`] },
        rootfs: { type: 'layers', diff_ids: [sha256(archive)] },
        history: [{ created: '2025-01-01T00:00:00Z', created_by: `by hand for ${architecture}` }],
      },
      MEDIA.config,
    );
    const manifest = put({ schemaVersion: 2, mediaType: MEDIA.manifest, config, layers: [layer] }, MEDIA.manifest);
    return { config, manifest: { ...manifest, platform: { architecture, os: 'linux' } } };
  });
  const statements = images.map(({ manifest: { digest } }) => {
    const predicateType = 'https://slsa.dev/provenance/v0.2';
    const statement = put(
      { _type: 'https://in-toto.io/Statement/v0.1', predicateType, subject: [], predicate: { of: digest } },
      'application/vnd.in-toto+json',
    );
    const rootfs = { type: 'layers', diff_ids: [statement.digest] };
    const config = put({ architecture: 'unknown', os: 'unknown', config: {}, rootfs }, MEDIA.config);
    const layers = [{ ...statement, annotations: { 'in-toto.io/predicate-type': predicateType } }];
    return {
      ...put({ schemaVersion: 2, mediaType: MEDIA.manifest, config, layers }, MEDIA.manifest),
      annotations: { 'vnd.docker.reference.digest': digest, 'vnd.docker.reference.type': 'attestation-manifest' },
      platform: { architecture: 'unknown', os: 'unknown' },
    };
  });
  const manifests = [...images.map(({ manifest }) => manifest), ...statements];
  const index = put({ schemaVersion: 2, mediaType: MEDIA.index, manifests }, MEDIA.index);
  const named = { ...index, annotations: { 'org.opencontainers.image.ref.name': tag } };
  const top = { schemaVersion: 2, mediaType: MEDIA.index, manifests: [named] };
  writeFileSync(join(directory, 'index.json'), JSON.stringify(top));
  writeFileSync(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  return {
    index: index.digest as Digest,
    images: images.map(({ manifest, config }) => ({
      manifest: manifest.digest as Digest,
      id: config.digest as Digest,
    })),
  };
}
