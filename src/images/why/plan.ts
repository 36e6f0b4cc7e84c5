// Which layer of an image brought a file, and which bytes later layers waste: pure, over the layers' lists of what they hold.

export interface Entry {
  /** Without a leading slash; '' for the layer's root. */
  readonly path: string;
  /** `removed`: a mark that what lies below is gone; `replaced`: a directory that hides all of the one below. */
  readonly kind: 'file' | 'directory' | 'removed' | 'replaced';
  /** Bytes; 0 for what is no file. */
  readonly size: number;
}

/** What happened to a path in one layer. */
export interface Touch {
  /** Index of the layer, 0 for the lowest. */
  readonly layer: number;
  readonly what: 'brought' | 'changed' | 'removed';
  readonly size: number;
}

/** Lowest layer first; answers what they did to one path, the last first. Empty: no layer has it. */
export function touchesOf(layers: readonly (readonly Entry[])[], path: string): Touch[] {
  const found: Touch[] = [];
  let there = false;
  for (const [layer, entries] of layers.entries()) {
    const own = entries.find((entry) => entry.path === path);
    const gone = entries.some(({ kind, path: at }) =>
      kind === 'removed' ? isAt(path, at) : kind === 'replaced' && at !== path && isAt(path, at),
    );
    if (own && own.kind !== 'removed') {
      found.unshift({ layer, what: there ? 'changed' : 'brought', size: own.size });
      there = true;
    } else if (gone && there) {
      found.unshift({ layer, what: 'removed', size: 0 });
      there = false;
    }
  }
  return found;
}

/** Whether `path` is `at` or lies below it. */
function isAt(path: string, at: string): boolean {
  return at === '' || path === at || path.startsWith(`${at}/`);
}

export interface Waste {
  readonly path: string;
  /** Bytes of versions that a later layer hides. */
  readonly bytes: number;
  /** Layers that hold a hidden version. */
  readonly hidden: readonly number[];
  /** The layer that hides the last of them. */
  readonly by: number;
}

/** Files that are in the image more than once, or are there and cannot be seen; the largest first. */
export function wasteOf(layers: readonly (readonly Entry[])[]): Waste[] {
  const seen = new Map<string, { layer: number; size: number }>();
  const wasted = new Map<string, { bytes: number; hidden: number[]; by: number }>();
  const hide = (path: string, by: number): void => {
    const before = seen.get(path);
    if (!before) return;
    seen.delete(path);
    if (before.size === 0) return;
    const one = wasted.get(path) ?? { bytes: 0, hidden: [], by };
    wasted.set(path, { bytes: one.bytes + before.size, hidden: [...one.hidden, before.layer], by });
  };
  for (const [layer, entries] of layers.entries()) {
    for (const { path, kind } of entries) {
      if (kind !== 'removed' && kind !== 'replaced') continue;
      for (const below of seen.keys()) if (isAt(below, path)) hide(below, layer);
    }
    for (const { path, kind, size } of entries) {
      if (kind !== 'file') continue;
      hide(path, layer);
      seen.set(path, { layer, size });
    }
  }
  return [...wasted]
    .map(([path, one]) => ({ path, ...one }))
    .sort((a, b) => b.bytes - a.bytes || (a.path < b.path ? -1 : 1));
}
