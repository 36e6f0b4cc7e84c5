// An overlay root file system: shared read-only layers below, one writable directory on top.
import { closeSync, constants, openSync } from 'node:fs';
import { MS, mount } from './mount.ts';
import { O_PATH } from './open-in-root.ts';

/** mount(2) takes a page of options with a zero byte at its end. */
const MAX_OPTIONS = 4095;

export interface OverlayParts {
  /** Topmost first; at least one. */
  readonly lowerDirs: readonly string[];
  readonly upper: string;
  readonly work: string;
  /**
   * The upper directory need not outlive a power loss: the kernel then skips its write-back on unmount. Only for
   * containers that are removed when they stop.
   */
  readonly volatile: boolean;
}

/** The option string of the mount. Renamed directories and changed modes are copied up whole, so that the upper directory alone tells what changed. */
export function overlayOptions(parts: OverlayParts): string {
  return `lowerdir=${parts.lowerDirs.map(escape).join(':')},upperdir=${escape(parts.upper)},workdir=${escape(parts.work)},redirect_dir=off,metacopy=off${parts.volatile ? ',volatile' : ''}`;
}

/** Mounts it at `target`, which exists. */
export function mountOverlay(parts: OverlayParts, target: string): void {
  mountOver(parts.lowerDirs, target, 0, (lowerDirs) => overlayOptions({ ...parts, lowerDirs }));
}

/** Layers to be read only, topmost first; at least two. */
export function mountLayers(lowerDirs: readonly string[], target: string): void {
  mountOver(lowerDirs, target, MS.RDONLY, (folders) => `lowerdir=${folders.map(escape).join(':')}`);
}

/** A comma ends an option, a colon a layer. */
function escape(folder: string): string {
  return folder.replaceAll(/[\\:,]/g, String.raw`\$&`);
}

/** 125 layers below a data root of some length are more than a page: descriptors have short names, wherever it is. */
function mountOver(
  lowerDirs: readonly string[],
  target: string,
  flags: number,
  options: (lowerDirs: readonly string[]) => string,
): void {
  const plain = options(lowerDirs);
  if (Buffer.byteLength(plain) <= MAX_OPTIONS) {
    mount('overlay', target, 'overlay', flags, plain);
    return;
  }
  const open: number[] = [];
  try {
    for (const folder of lowerDirs) open.push(openSync(folder, O_PATH | constants.O_DIRECTORY));
    mount('overlay', target, 'overlay', flags, options(open.map((fd) => `/proc/self/fd/${fd}`)));
  } finally {
    for (const fd of open) closeSync(fd);
  }
}
