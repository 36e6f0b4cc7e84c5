// Images out of an archive: `docker load`. Reads what `docker save` wrote in any version, and OCI layouts.
import { mkdir } from 'node:fs/promises';
import { invalid } from '../../base/errors.ts';
import { sha256 } from '../../base/ids.ts';
import type { Digest } from '../../base/ids.ts';
import { spoolTar } from '../../host/sandbox/index.ts';
import { removeTree } from '../../host/remove-tree.ts';
import { platformMatches } from '../../spec/oci/index.ts';
import { decompress, type Lease, peekCompression } from '../../store/index.ts';
import type { Image } from '../catalog/catalog.ts';
import { emit, type ImageContext } from '../catalog/context.ts';
import { platformOf } from '../catalog/find.ts';
import { checkGiven, familiarString, parseReference, type Reference } from '../reference/index.ts';
import { Archive } from './archive.ts';
import { readDockerManifest } from './docker.ts';
import { readLegacy } from './legacy.ts';
import { hasIndexes, type IndexToLoad, readOciLayout } from './oci.ts';
import { type LoadOptions, loadOne, type ToLoad } from './one.ts';
import { loadIndex } from './whole.ts';

export type { LoadOptions } from './one.ts';

/** The ids of what was loaded. */
export async function loadImages(
  context: ImageContext,
  source: AsyncIterable<Uint8Array>,
  options: LoadOptions,
): Promise<readonly Digest[]> {
  const directory = context.store.paths.newTemporary();
  await mkdir(directory, { mode: 0o700 });
  const lease = context.store.leases.take();
  try {
    const { compression, stream } = await peekCompression(source);
    // what is passed over in the archive must not go before it is used
    for (const chain of context.store.layers.all().keys()) lease.layers.add(chain);
    const known = new Set([...context.store.layers.all().values()].map(({ diffId }) => diffId.slice('sha256:'.length)));
    const plain = decompress(stream, compression);
    const archive = new Archive(directory, await spoolTar(directory, plain, { known }, options.signal));
    const whole = await hasIndexes(archive);
    const wanted: readonly (ToLoad | IndexToLoad)[] = await (archive.has('manifest.json') && !whole
      ? readDockerManifest(archive)
      : archive.has('index.json')
        ? readOciLayout(archive, options.platform)
        : readLegacy(archive));
    return await loadAll(context, archive, wanted, options, lease);
  } finally {
    lease[Symbol.dispose]();
    await removeTree(directory);
    context.catalog.collect(false);
  }
}

async function loadAll(
  context: ImageContext,
  archive: Archive,
  wanted: readonly (ToLoad | IndexToLoad)[],
  options: LoadOptions,
  lease: Lease,
): Promise<Digest[]> {
  const loaded: { image: Image; parent: string | undefined }[] = [];
  const unnamed: string[] = [];
  let named = false;
  // an image whose name is no good must not come in without it
  const requests = wanted.map((item) => ({ item, names: item.names.map(namedTag) }));
  for (const { item, names } of requests) {
    options.signal?.throwIfAborted();
    const isIndex = 'images' in item;
    const image = isIndex
      ? await loadIndex(context, archive, item, options, lease)
      : await loadOne(context, archive, item, options, lease);
    if (!isIndex && options.platform && !platformMatches(options.platform, platformOf(image))) continue;
    if (!isIndex) loaded.push({ image, parent: item.parent });
    unnamed.push(`Loaded image ID: ${image.id}\n`);
    for (const name of names) {
      const before = context.catalog.resolve(name);
      if (before && before.id !== image.id) {
        await options.say({
          stream: `The image ${familiarString(name)} already exists, renaming the old one with ID ${before.id} to empty string\n`,
        });
      }
      context.catalog.tag(name, image.id, isIndex ? { index: sha256(item.content) } : {});
      await options.say({ stream: `Loaded image: ${familiarString(name)}\n` });
      named = true;
    }
    emit(context, 'load', image, image.id);
  }
  for (const { image, parent } of loaded) {
    const above = loaded.find((other) => other.image.id === parent && other.image.id !== image.id)?.image;
    if (above && isParent(above, image)) context.catalog.setParent(image.id, above.id);
  }
  if (!named) await options.say(unnamed.length > 0 ? { stream: unnamed.join('') } : {});
  return loaded.map(({ image }) => image.id);
}

function namedTag(text: string): Reference {
  const name = parseReference(text);
  if (name.tag === undefined) throw invalid(`invalid tag "${text}"`);
  checkGiven(name);
  return { domain: name.domain, path: name.path, tag: name.tag };
}

/** An archive may claim anything: a parent has the same history but for the last step. */
function isParent(parent: Image, child: Image): boolean {
  const [above, own] = [parent.file.history ?? [], child.file.history ?? []];
  return own.length === above.length + 1 && JSON.stringify(own.slice(0, -1)) === JSON.stringify(above);
}
