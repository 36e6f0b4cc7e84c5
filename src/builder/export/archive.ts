// An index that is in the store as an archive in OCI layout: every blob that it names, and itself by its names.
import type { Digest } from '../../base/ids.ts';
import { TAR_TRAILER, tarHeader, tarPadding } from '../../host/confined/index.ts';
import type { Descriptor, Index, Manifest } from '../../spec/oci/index.ts';
import type { Store } from '../../store/index.ts';

const BLOBS = 'blobs/sha256';

/** The caller holds what is named. */
export async function* indexArchive(
  { blobs }: Store,
  index: Descriptor,
  names: readonly string[],
): AsyncGenerator<Uint8Array, void, void> {
  const sizes = new Map<string, number>([[index.digest, index.size]]);
  const { manifests } = JSON.parse(blobs.readWhole(index.digest as Digest).toString()) as Index;
  for (const one of manifests) {
    sizes.set(one.digest, one.size);
    const { config, layers } = JSON.parse(blobs.readWhole(one.digest as Digest).toString()) as Manifest;
    for (const { digest, size } of [config, ...layers]) sizes.set(digest, size);
  }
  yield tarHeader({ name: 'blobs/', type: 'directory' });
  yield tarHeader({ name: `${BLOBS}/`, type: 'directory' });
  for (const [digest, size] of [...sizes].sort(([a], [b]) => (a < b ? -1 : 1))) {
    yield tarHeader({ name: `${BLOBS}/${digest.slice('sha256:'.length)}`, type: 'file', size });
    yield* blobs.read(digest as Digest);
    yield Buffer.alloc(tarPadding(size));
  }
  const named = names.map((name) => ({
    ...index,
    annotations: {
      'io.containerd.image.name': name,
      'org.opencontainers.image.ref.name': /:([^:/]+)$/.exec(name)?.[1] ?? 'latest',
    },
  }));
  const top = { schemaVersion: 2, manifests: named.length > 0 ? named : [index] };
  yield member('index.json', JSON.stringify(top));
  yield member('oci-layout', '{"imageLayoutVersion":"1.0.0"}');
  yield TAR_TRAILER;
}

/** A small file of an archive, with its header. */
function member(name: string, content: string): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([
    tarHeader({ name, type: 'file', size: bytes.length }),
    bytes,
    Buffer.alloc(tarPadding(bytes.length)),
  ]);
}
