// What a receiving thread is told, as records in its pipe: one byte of kind, four of length, the record itself.

/** `make` holds JSON, `data` four bytes of a file's number and then its next bytes (none at its end). */
export const Record = { make: 1, data: 2 } as const;
export const RECORD_HEAD = 5;

/** Paths are bytes in latin1, without a leading slash. */
export interface Made {
  readonly type: 'file' | 'directory' | 'symlink' | 'link' | 'fifo' | 'char' | 'block' | 'remove' | 'times';
  readonly path: string;
  /** Of a file, to tell its data by. */
  readonly id?: number;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Seconds since 1970. */
  readonly time?: number;
  /** Target of a symbolic link; path of the file that a hard link names. */
  readonly linkname?: string;
  readonly major?: number;
  readonly minor?: number;
  /** Names to values in latin1. */
  readonly xattrs?: Readonly<Record<string, string>>;
}

export interface Received {
  readonly id: number;
  readonly sha256: string;
  readonly size: number;
}

export type ReceiveReply =
  | { readonly files: readonly Received[] }
  | { readonly ok: true }
  | { readonly ok: false; readonly message: string; readonly code: string | undefined };
