// `image why`: the layer and the line of history that brought a file, or what later layers waste.
import { lstat, readdir } from 'node:fs/promises';
import { posix } from 'node:path';
import { notFound } from '../../base/errors.ts';
import { isOpaque } from '../../host/sandbox/unpack.ts';
import type { ImageWaste, ImageWhy } from '../../spec/berth/index.ts';
import type { Image } from '../catalog/catalog.ts';
import type { ImageContext } from '../catalog/context.ts';
import { findImage } from '../catalog/find.ts';
import { type Entry, touchesOf, wasteOf } from './plan.ts';

/** Files that are named; what they add up to counts all. */
const MAX_FILES = 100;

/** Throws notFound for a file that no layer has. */
export async function whyFile(context: ImageContext, name: string, path: string): Promise<ImageWhy> {
  const image = findImage(context.catalog, name);
  const wanted = posix.join('/', path).slice(1).replace(/\/$/, '');
  const touches = touchesOf(await listLayers(context, image), wanted);
  if (touches.length === 0) throw notFound(`no layer of ${name} has /${wanted}`);
  const lines = linesOf(image);
  return {
    path: `/${wanted}`,
    touches: touches.map(({ layer, what, size }) => ({ what, size, ...layerOf(context, image, lines, layer) })),
  };
}

export async function whyWaste(context: ImageContext, name: string): Promise<ImageWaste> {
  const image = findImage(context.catalog, name);
  const found = wasteOf(await listLayers(context, image));
  const lines = linesOf(image);
  return {
    bytes: found.reduce((sum, { bytes }) => sum + bytes, 0),
    files: found.slice(0, MAX_FILES).map(({ path, bytes, hidden, by }) => ({
      path: `/${path}`,
      bytes,
      hidden: hidden.map((layer) => layerOf(context, image, lines, layer)),
      by: layerOf(context, image, lines, by),
    })),
  };
}

/** The line of history that each layer stands in, lowest layer first. */
function linesOf({ file }: Image): string[] {
  return (file.history ?? []).filter(({ empty_layer: empty }) => !empty).map(({ created_by: line }) => line ?? '');
}

function layerOf(
  { store }: ImageContext,
  { chains }: Image,
  lines: readonly string[],
  index: number,
): { layer: number; diffId: string; createdBy: string } {
  const chain = chains[index];
  const diffId = (chain && store.layers.get(chain)?.diffId) ?? '';
  return { layer: index + 1, diffId, createdBy: lines[index] ?? '' };
}

async function listLayers({ store }: ImageContext, { chains }: Image): Promise<Entry[][]> {
  const lists: Entry[][] = [];
  for (const chain of chains) {
    const layer = store.layers.get(chain);
    if (layer) lists.push(await listLayer(store.layers.directory(layer)));
  }
  return lists;
}

/** What overlayfs would make of it: character devices without a number are marks. */
async function listLayer(root: string): Promise<Entry[]> {
  const found: Entry[] = [];
  const visit = async (path: string): Promise<void> => {
    const full = posix.join(root, path);
    if (path !== '') found.push({ path, kind: isOpaque(full) ? 'replaced' : 'directory', size: 0 });
    const entries = await readdir(full, { withFileTypes: true });
    for (const entry of entries) {
      const own = path === '' ? entry.name : `${path}/${entry.name}`;
      if (entry.isDirectory()) await visit(own);
      else {
        const { size, rdev } = await lstat(posix.join(root, own));
        const removed = entry.isCharacterDevice() && rdev === 0;
        found.push({ path: own, kind: removed ? 'removed' : 'file', size: entry.isFile() ? size : 0 });
      }
    }
  };
  await visit('');
  return found;
}
