// An overlay root file system: shared read-only layers below, one writable directory on top.
import { MS, mount } from './mount.ts';

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
  const escaped = parts.lowerDirs.map((folder) => folder.replaceAll('\\', '\\\\').replaceAll(':', '\\:'));
  return `lowerdir=${escaped.join(':')},upperdir=${parts.upper},workdir=${parts.work},redirect_dir=off,metacopy=off${parts.volatile ? ',volatile' : ''}`;
}

/** Mounts it at `target`, which exists. */
export function mountOverlay(parts: OverlayParts, target: string): void {
  mount('overlay', target, 'overlay', 0, overlayOptions(parts));
}

/** Layers to be read only, topmost first; at least two. */
export function mountLayers(lowerDirs: readonly string[], target: string): void {
  const escaped = lowerDirs.map((folder) => folder.replaceAll('\\', '\\\\').replaceAll(':', '\\:'));
  mount('overlay', target, 'overlay', MS.RDONLY, `lowerdir=${escaped.join(':')}`);
}
