// What is damaged in the store, and what can be done about it: pure, over what was seen of it.
import type { Digest } from '../../base/ids.ts';

export type LayerState = 'whole' | 'missing' | 'damaged';
export type BlobState = 'whole' | 'missing' | 'damaged';

export interface SeenLayer {
  readonly chain: Digest;
  readonly parent?: Digest;
  /** Its directory, together with its seams, held against its digest. */
  readonly files: LayerState;
  /** The archive that it came as; undefined for one that is there as files only. */
  readonly archive: { readonly digest: Digest; readonly state: BlobState } | undefined;
  /** Names of the images that stand on it. */
  readonly images: readonly string[];
}

export interface SeenStore {
  readonly layers: readonly SeenLayer[];
  /** Small blobs that images are described by, held against their digests. */
  readonly documents: readonly {
    readonly digest: Digest;
    readonly state: BlobState;
    readonly images: readonly string[];
  }[];
  /** What no record knows: below the data root, as a path. */
  readonly orphans: readonly { readonly path: string; readonly what: string }[];
}

export interface Ops {
  /** Its files are made again from its archive. */
  unpack: { readonly chain: Digest };
  /** Its archive is forgotten: the files give it back when somebody wants it. */
  forgetArchive: { readonly chain: Digest; readonly blob: Digest };
  removeOrphan: { readonly path: string };
}
export type OpKind = keyof Ops;
export type Op<K extends OpKind = OpKind> = { [P in K]: { readonly kind: P } & Ops[P] }[K];

export interface Finding {
  readonly what: string;
  /** undefined: it cannot be repaired. */
  readonly op?: Op;
  /** What a person does where nothing can be repaired. */
  readonly hint?: string;
}

export function planCheck({ layers, documents, orphans }: SeenStore): Finding[] {
  return [
    ...layers.flatMap(layerFindings),
    ...documents
      .filter(({ state }) => state !== 'whole')
      .map(({ digest, state, images }) => ({
        what: `the description ${digest} is ${state}`,
        hint: again(images),
      })),
    ...orphans.map(({ path, what }) => ({
      what: `${what} that nothing knows: ${path}`,
      op: { kind: 'removeOrphan', path } as const,
    })),
  ];
}

function layerFindings({ chain, files, archive, images }: SeenLayer): Finding[] {
  const archiveIsWhole = archive?.state === 'whole';
  const found: Finding[] = [];
  if (files !== 'whole') {
    const what = `the files of layer ${chain} are ${files}`;
    found.push(
      archiveIsWhole
        ? { what, op: { kind: 'unpack', chain } }
        : { what: `${what}, and there is no archive to make them of`, hint: again(images) },
    );
  }
  if (archive && !archiveIsWhole && files === 'whole')
    found.push({
      what: `the archive ${archive.digest} of layer ${chain} is ${archive.state}`,
      op: { kind: 'forgetArchive', chain, blob: archive.digest },
    });
  return found;
}

function again(images: readonly string[]): string {
  return images.length === 0 ? 'no image stands on it' : `pull or build again: ${images.join(', ')}`;
}

const VERB: { readonly [K in OpKind]: string } = {
  unpack: 'unpacked again from its archive',
  forgetArchive: 'kept as files, which give the archive back',
  removeOrphan: 'removed',
};

/** One line a finding; `repaired` says in which tense. */
export function findingText({ what, op, hint }: Finding, repaired: boolean): string {
  if (!op) return `${what} (lost; ${hint ?? ''})`;
  return `${what} (${repaired ? '' : 'can be '}${VERB[op.kind]})`;
}
