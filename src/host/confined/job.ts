// What the main thread asks of a confined worker, and what it hears back.
import type { PackOptions } from './pack.ts';
import type { Spooled } from './spool.ts';
import type { UnpackOptions } from './unpack.ts';

export type Job =
  | {
      readonly kind: 'unpack';
      readonly root: string;
      readonly memory: SharedArrayBuffer;
      readonly options: UnpackOptions;
    }
  | { readonly kind: 'pack'; readonly root: string; readonly memory: SharedArrayBuffer; readonly options: PackOptions }
  | { readonly kind: 'spool'; readonly root: string; readonly memory: SharedArrayBuffer };

export interface UnpackResult {
  /** SHA-256 of the archive, 64 hex digits. */
  readonly sha256: string;
  readonly size: number;
  readonly entries: number;
}

export interface Results {
  unpack: UnpackResult;
  pack: undefined;
  spool: Map<string, Spooled>;
}

export type Reply =
  | { readonly ok: true; readonly value: Results[Job['kind']] }
  | { readonly ok: false; readonly message: string; readonly code: string | undefined };
