// Which files of a log go, so that it stays within its bounds. Pure.

export interface RotationBounds {
  /** Bytes of one file. */
  readonly maxBytes: number;
  /** Files in all, the live one included. */
  readonly maxFiles: number;
  /** Files that are not written any more are kept as gzip. */
  readonly compress: boolean;
}

export interface Retention {
  /** How many of the oldest files go. */
  readonly remove: number;
  /** The oldest that stays loses its front, down to so many bytes; undefined when it stays whole. */
  readonly trim: number | undefined;
}

const SMALL = 1024 * 1024;

/**
 * `sizes`, oldest first, of files that nobody writes; `files` is how many of them there may be. A burst may have made one file
 * larger than all of them together may be: its end is kept.
 */
export function retention(sizes: readonly number[], files: number, maxBytes: number): Retention {
  const budget = files * maxBytes;
  let total = sizes.reduce((sum, size) => sum + size, 0);
  let remove = 0;
  for (const size of sizes) {
    const tooMany = sizes.length - remove > files;
    if (!tooMany && total <= budget) break;
    // files are a line too long as a rule: the front of a small one goes at once, a large one goes whole when enough stays
    const rest = total - size;
    if (!tooMany && rest < budget && (maxBytes <= SMALL || rest < budget - maxBytes))
      return { remove, trim: budget - rest };
    total = rest;
    remove += 1;
  }
  return { remove, trim: undefined };
}
