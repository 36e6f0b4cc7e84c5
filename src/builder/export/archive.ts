// An index or an image that is in the store as an archive in OCI layout: every blob that it names, and itself by its names.
import type { Digest } from '../../base/ids.ts';
import { TAR_TRAILER, tarHeader, tarPadding } from '../../host/sandbox/index.ts';
import { type Descriptor, type Index, type Manifest, MEDIA } from '../../spec/oci/index.ts';
import type { Store } from '../../store/index.ts';

const BLOBS = 'blobs/sha256';

/** An index, or the manifest of one image. With `forDocker` also what `docker load` of every age reads. The caller holds what is named. */
export async function* indexArchive(
  { blobs }: Store,
  top: Descriptor,
  names: readonly string[],
  forDocker = false,
): AsyncGenerator<Uint8Array, void, void> {
  const sizes = new Map<string, number>([[top.digest, top.size]]);
  const document = JSON.parse(blobs.readWhole(top.digest as Digest).toString()) as Index | Manifest;
  const images: Manifest[] = [];
  for (const one of 'manifests' in document ? document.manifests : [top]) {
    sizes.set(one.digest, one.size);
    const image = JSON.parse(blobs.readWhole(one.digest as Digest).toString()) as Manifest;
    images.push(image);
    for (const { digest, size } of [image.config, ...image.layers]) sizes.set(digest, size);
  }
  yield tarHeader({ name: 'blobs/', type: 'directory' });
  yield tarHeader({ name: `${BLOBS}/`, type: 'directory' });
  for (const [digest, size] of [...sizes].sort(([a], [b]) => (a < b ? -1 : 1))) {
    yield tarHeader({ name: pathOf({ digest }), type: 'file', size });
    yield* blobs.read(digest as Digest);
    yield Buffer.alloc(tarPadding(size));
  }
  const named = names.map((name) => ({
    ...top,
    annotations: {
      ...top.annotations,
      'io.containerd.image.name': name,
      'org.opencontainers.image.ref.name': /:([^:/]+)$/.exec(name)?.[1] ?? 'latest',
    },
  }));
  const index = { schemaVersion: 2, mediaType: MEDIA.index, manifests: named.length > 0 ? named : [top] };
  yield member('index.json', JSON.stringify(index));
  if (forDocker)
    yield member(
      'manifest.json',
      JSON.stringify(
        images.map(({ config, layers }) => ({
          Config: pathOf(config),
          RepoTags: names.length > 0 ? names.map(familiar) : null,
          Layers: layers.map(pathOf),
        })),
      ),
    );
  yield member('oci-layout', '{"imageLayoutVersion":"1.0.0"}');
  yield TAR_TRAILER;
}

const pathOf = ({ digest }: { readonly digest: string }): string => `${BLOBS}/${digest.slice('sha256:'.length)}`;

/** As people write the name. */
const familiar = (name: string): string => name.replace(/^docker\.io\/(library\/)?/, '');

/** A small file of an archive, with its header. */
function member(name: string, content: string): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([
    tarHeader({ name, type: 'file', size: bytes.length }),
    bytes,
    Buffer.alloc(tarPadding(bytes.length)),
  ]);
}
