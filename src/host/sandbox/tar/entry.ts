// What one member of a tar archive is, whatever dialect it was written in.

export type TarType = 'file' | 'link' | 'symlink' | 'char' | 'block' | 'directory' | 'fifo';

/**
 * Names are bytes, held as strings of one character a byte (latin1), since a tar may hold names that are no UTF-8.
 * Times are seconds since 1970.
 */
export interface TarEntry {
  name: string;
  type: TarType;
  mode: number;
  uid: number;
  gid: number;
  size: number;
  mtime: number;
  linkname: string;
  major: number;
  minor: number;
  /** Extended attributes: name to value, the value as bytes in latin1. */
  xattrs: ReadonlyMap<string, string> | undefined;
  /** Bytes that the archive holds of a file with holes; `size` is that of the whole file. */
  stored?: number;
}

export const BLOCK = 512;
export const INVALID = 'archive/tar: invalid tar header';

/** The archive is broken or uses what is not supported. */
export class TarError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'TarError';
  }
}
