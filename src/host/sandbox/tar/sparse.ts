// Files with holes: where the bytes go that an archive holds of them, in the four forms that GNU tar writes and Go's reader takes.
import { BLOCK, INVALID, TarError } from './entry.ts';
import { number, whole } from './fields.ts';

/** Bytes that the archive holds. Between fragments, and after the last, are holes. */
export interface Fragment {
  readonly offset: number;
  readonly length: number;
}

/** Where the map is: in the header and blocks after it (old GNU), in PAX records (0.0, 0.1), or before the content (1.0). */
export type SparseForm = 'header' | 'records' | 'content';

/** What a header says of holes. */
export interface SparseHeader {
  readonly form: SparseForm;
  /** Of the whole file; where it is not said, it is what is stored. */
  readonly size: number | undefined;
  readonly name: string | undefined;
}

export type Pax = ReadonlyMap<string, string>;

/** A larger map is refused, as Go's reader does. */
const MAX_MAP = 1024 * 1024;
const FRAGMENT = 24;
const OLD_FLAG = 0x53;
/** Magic and version of GNU tar. Others have the flag too, and other fields. */
const GNU = 'ustar  \0';

/** Undefined for a file without holes, which one with a map of an unknown version is taken for, as Go's reader does. */
export function sparseHeader(block: Buffer, pax: Pax | undefined): SparseHeader | undefined {
  if (block[156] === OLD_FLAG) {
    if (block.toString('latin1', 257, 265) !== GNU) throw new TarError(INVALID);
    return { form: 'header', size: number(block, 483, 12), name: undefined };
  }
  const form = pax && formOfRecords(pax);
  if (!form) return undefined;
  const size = pax.get('GNU.sparse.size') || pax.get('GNU.sparse.realsize');
  return { form, size: size ? whole(size) : undefined, name: pax.get('GNU.sparse.name') };
}

function formOfRecords(pax: Pax): SparseForm | undefined {
  const version = `${pax.get('GNU.sparse.major') ?? ''}.${pax.get('GNU.sparse.minor') ?? ''}`;
  if (version === '1.0') return 'content';
  if (version === '0.0' || version === '0.1') return 'records';
  // who wrote 0.0 and 0.1 did not say so
  return version === '.' && pax.get('GNU.sparse.map') ? 'records' : undefined;
}

/** The map of a form. `next` gives the block that follows: of the archive, or of the content where the map is there. */
export function readMap(form: SparseForm, header: Buffer, pax: Pax | undefined, next: () => Buffer): Fragment[] {
  if (form === 'header') return mapOfBlocks(header, next);
  return form === 'records' ? mapOfRecords(pax ?? new Map()) : mapOfContent(next);
}

function mapOfBlocks(header: Buffer, next: () => Buffer): Fragment[] {
  const map: Fragment[] = [];
  let block = header;
  let at = 386;
  let end = at + 4 * FRAGMENT;
  for (let bytes = 0; ; bytes += BLOCK) {
    if (bytes > MAX_MAP) throw tooLong();
    for (; at < end && block[at] !== 0; at += FRAGMENT)
      map.push({ offset: number(block, at, 12), length: number(block, at + 12, 12) });
    // whether more blocks follow
    if (block[end] === 0) return map;
    block = next();
    at = 0;
    end = 21 * FRAGMENT;
  }
}

function mapOfRecords(pax: Pax): Fragment[] {
  const text = pax.get('GNU.sparse.map') ?? '';
  const numbers = text === '' ? [] : text.split(',').map(whole);
  if (numbers.length !== 2 * whole(pax.get('GNU.sparse.numblocks') ?? '')) throw new TarError(INVALID);
  return fragments(numbers);
}

/** Lines with a number each, how many fragments there are first; the last block is filled up. */
function mapOfContent(next: () => Buffer): Fragment[] {
  const numbers: number[] = [];
  let wanted = 1;
  let rest = '';
  for (let bytes = BLOCK; numbers.length < wanted; bytes += BLOCK) {
    if (bytes > MAX_MAP) throw tooLong();
    const lines = (rest + next().toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (numbers.length === wanted) break;
      numbers.push(whole(line));
      if (numbers.length === 1) wanted += 2 * (numbers[0] ?? 0);
    }
    // no number has so many digits
    if (rest.length >= BLOCK) throw new TarError(INVALID);
  }
  return fragments(numbers.slice(1));
}

function fragments(numbers: readonly number[]): Fragment[] {
  const map: Fragment[] = [];
  for (let i = 0; i < numbers.length; i += 2) map.push({ offset: numbers[i] ?? 0, length: numbers[i + 1] ?? 0 });
  return map;
}

function tooLong(): TarError {
  return new TarError('archive/tar: sparse map too long');
}

/** Throws unless the fragments are in order, apart, within the file, and together as long as what is stored. */
export function checkMap(map: readonly Fragment[], size: number, stored: number): void {
  if (size < 0) throw new TarError(INVALID);
  let end = 0;
  let sum = 0;
  for (const { offset, length } of map) {
    if (offset < end || length < 0 || offset + length > size) throw new TarError(INVALID);
    end = offset + length;
    sum += length;
  }
  if (sum > stored) throw new TarError('archive/tar: sparse file references non-existent data');
  if (sum < stored) throw new TarError('archive/tar: sparse file contains unreferenced data');
}

/** How far a reader is in a file with holes. */
export class SparsePosition {
  readonly #map: readonly Fragment[];
  readonly #size: number;
  #index = 0;
  #at = 0;

  constructor(map: readonly Fragment[], size: number) {
    this.#map = map;
    this.#size = size;
  }

  /** Bytes of the hole that is here; none within a fragment and at the end. */
  hole(): number {
    return Math.max(0, (this.#fragment()?.offset ?? this.#size) - this.#at);
  }

  /** Bytes that are left of the fragment that is here. */
  stored(): number {
    const fragment = this.#fragment();
    return fragment ? Math.min(fragment.length, fragment.offset + fragment.length - this.#at) : 0;
  }

  pass(count: number): void {
    this.#at += count;
  }

  /** The one that is here, or the next. */
  #fragment(): Fragment | undefined {
    let fragment = this.#map[this.#index];
    while (fragment && fragment.offset + fragment.length <= this.#at) {
      this.#index += 1;
      fragment = this.#map[this.#index];
    }
    return fragment;
  }
}
