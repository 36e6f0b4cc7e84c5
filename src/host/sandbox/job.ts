// What the main thread asks of a confined worker, and what it hears back.
import type { Changes } from './changes.ts';
import type { CopyTreeOptions } from '../tree/copy.ts';
import type { MeasureUnit } from '../tree/measure.ts';
import type { CopyInOptions, FileStat } from './copy.ts';
import type { Manifest, ScanOptions } from './manifest.ts';
import type { DigestOptions, PackDigest, PackOptions } from './pack.ts';
import type { PlaceOptions } from './place.ts';
import type { Spooled, SpoolOptions } from './spool.ts';
import type { UnpackOptions } from './unpack.ts';
import type { Place } from './view.ts';

interface Work {
  /** What the thread sees as its root. */
  readonly root: Place;
  readonly memory: SharedArrayBuffer;
}

export type Job =
  /** `seams` is an open file, empty. */
  | (Work & { readonly kind: 'unpack'; readonly options: UnpackOptions; readonly tarSplit?: number })
  | (Work & { readonly kind: 'join'; readonly tarSplit: number })
  | (Work & { readonly kind: 'pack'; readonly options: PackOptions })
  | (Work & { readonly kind: 'digest'; readonly options: DigestOptions })
  | (Work & { readonly kind: 'spool'; readonly options: SpoolOptions })
  | (Work & { readonly kind: 'stat'; readonly path: string })
  | (Work & { readonly kind: 'texts'; readonly paths: readonly string[] })
  | (Work & { readonly kind: 'copyOut'; readonly path: string })
  | (Work & { readonly kind: 'scan'; readonly options: ScanOptions })
  | (Work & { readonly kind: 'place'; readonly options: PlaceOptions })
  | (Work & { readonly kind: 'copyIn'; readonly options: CopyInOptions })
  /** Paths of the host: a walk that follows nothing needs no root of its own. */
  | (Work & { readonly kind: 'measure'; readonly paths: readonly string[]; readonly unit: MeasureUnit })
  | (Work & { readonly kind: 'copyTree'; readonly options: CopyTreeOptions })
  | (Work & { readonly kind: 'changes'; readonly layers: number; readonly placeholders: readonly string[] });

export interface UnpackResult {
  /** SHA-256 of the archive, 64 hex digits. */
  readonly sha256: string;
  /** Bytes of the archive. */
  readonly length: number;
  readonly size: number;
  readonly entries: number;
  /** What was unpacked, where digests were asked for. */
  readonly manifest?: Manifest;
}

export interface JoinResult {
  /** SHA-256 of the archive, 64 hex digits. */
  readonly sha256: string;
}

export interface Results {
  unpack: UnpackResult;
  join: JoinResult;
  pack: undefined;
  digest: PackDigest;
  spool: Map<string, Spooled>;
  stat: FileStat;
  texts: string[];
  copyOut: undefined;
  copyIn: undefined;
  copyTree: boolean;
  measure: Map<string, number>;
  scan: Manifest;
  place: undefined;
  changes: Changes;
}

/** `head` comes before the bytes of a copy; the others end the job. */
export type Reply =
  | { readonly head: FileStat }
  | { readonly ok: true; readonly value: Results[Job['kind']] }
  | { readonly ok: false; readonly message: string; readonly code: string | undefined };
