// The files of an image as its layers make them one over the other, and what the files of each folder weigh. Pure.
import type { LayerFile } from './list-layer.ts';

export type ImageFiles = ReadonlyMap<string, LayerFile>;

/** Layers from the lowest; what a layer removes is gone. Linear in the files, whatever the layers say. */
export function mergeLayers(layers: readonly (readonly LayerFile[])[]): ImageFiles {
  const files = new Map<string, LayerFile>();
  for (const layer of layers) {
    // a layer removes from those below it, wherever the marks stand in it
    const gone = new Set<string>();
    const emptied = new Set<string>();
    for (const { path, type } of layer) {
      if (type === 'emptied' || (type !== 'directory' && type !== 'removed')) emptied.add(path);
      else if (type === 'removed') gone.add(path);
    }
    if (files.size > 0 && gone.size + emptied.size > 0)
      for (const path of files.keys()) if (gone.has(path) || isBelow(path, gone, emptied)) files.delete(path);
    for (const file of layer) if (file.type !== 'emptied' && file.type !== 'removed') files.set(file.path, file);
  }
  return files;
}

function isBelow(path: string, gone: ReadonlySet<string>, emptied: ReadonlySet<string>): boolean {
  if (emptied.has('')) return true;
  for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
    const folder = path.slice(0, slash);
    if (gone.has(folder) || emptied.has(folder)) return true;
  }
  return false;
}

export interface FolderNode {
  readonly name: string;
  /** From the root, without a slash at either end. */
  readonly path: string;
  /** Bytes of the files in it and below. */
  readonly size: number;
  readonly files: number;
  readonly isFolder: boolean;
}

/** What lies directly in `folder` and has files with bytes, the heaviest first. */
export function childrenOf(files: Iterable<LayerFile>, folder: string): readonly FolderNode[] {
  const head = folder === '' ? '' : `${folder}/`;
  const nodes = new Map<string, { size: number; files: number; isFolder: boolean }>();
  for (const { path, type, size } of files) {
    if (type !== 'file' || !path.startsWith(head)) continue;
    const slash = path.indexOf('/', head.length);
    const name = slash < 0 ? path.slice(head.length) : path.slice(head.length, slash);
    const node = nodes.get(name) ?? { size: 0, files: 0, isFolder: slash >= 0 };
    node.size += size;
    node.files += 1;
    nodes.set(name, node);
  }
  return [...nodes]
    .map(([name, node]) => ({ name, path: head + name, ...node }))
    .sort((a, b) => b.size - a.size || (a.name < b.name ? -1 : 1));
}

/** A folder that weighs more than this share of all is opened in the map. */
const OPENED_SHARE = 1 / 10;
const MAX_OPENED = 16;

/** The same weight in more pieces: heavy folders by what is in them. */
export function openHeavy(files: readonly LayerFile[], nodes: readonly FolderNode[]): readonly FolderNode[] {
  const total = nodes.reduce((sum, { size }) => sum + size, 0);
  let pieces = nodes;
  for (let opened = 0; opened < MAX_OPENED; opened += 1) {
    const heavy = pieces.find(({ isFolder, size }) => isFolder && size > total * OPENED_SHARE);
    if (!heavy) break;
    const inside = childrenOf(files, heavy.path);
    pieces = [...pieces.filter((node) => node !== heavy), ...inside].sort((a, b) => b.size - a.size);
  }
  return pieces;
}
