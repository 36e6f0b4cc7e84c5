// For tests: members with holes in the four forms of GNU tar, also with maps that it would never write.
import { BLOCK } from './entry.ts';
import { header, padding, paxRecord, sumUp } from './write.ts';

export const FORMS = ['gnu', '0.0', '0.1', '1.0'] as const;
export type Form = (typeof FORMS)[number];

export interface Sparse {
  readonly name: string;
  readonly size: number;
  /** Offsets and lengths in turn, written as they are. */
  readonly map: readonly number[];
  /** What the archive holds: all fragments, one behind the other. */
  readonly stored: Buffer;
}

export function sparseMember(form: Form, file: Sparse): Buffer {
  const { name, size, map, stored } = file;
  const blocks = map.length / 2;
  const plain = (content: Buffer): Buffer[] => [header({ name, type: 'file', size: content.length }), content];
  switch (form) {
    case 'gnu':
      return filled(...oldHeader(file), stored);
    case '0.0': {
      const records = map.map((value, i) => record(i % 2 === 0 ? 'offset' : 'numbytes', value)).join('');
      return filled(pax(record('size', size) + record('numblocks', blocks) + records), ...plain(stored));
    }
    case '0.1':
      return filled(paxSparse(['size', size], ['numblocks', blocks], ['map', map.join(',')]), ...plain(stored));
    case '1.0': {
      const lines = filled(Buffer.from([blocks, ...map].map((value) => `${value}\n`).join('')));
      const head = paxSparse(['major', 1], ['minor', 0], ['name', name], ['realsize', size]);
      return filled(head, ...plain(Buffer.concat([lines, stored])));
    }
  }
}

export function paxSparse(...records: readonly (readonly [string, string | number])[]): Buffer {
  return pax(records.map(([key, value]) => record(key, value)).join(''));
}

function record(key: string, value: string | number): string {
  return paxRecord(`GNU.sparse.${key}`, String(value));
}

function pax(records: string): Buffer {
  const block = header({ name: 'pax', type: 'file', size: records.length });
  block.write('x', 156);
  return filled(sumUp(block), Buffer.from(records));
}

function oldHeader({ name, size, map, stored }: Sparse): Buffer[] {
  const main = header({ name, type: 'file', size: stored.length });
  main.write('S', 156);
  main.write('ustar  \0', 257);
  main.fill(0, 329);
  put(main, 483, size);
  const blocks = [main];
  let block = main;
  let at = 386;
  let end = 482;
  for (let i = 0; i < map.length; i += 2, at += 24) {
    if (at === end) {
      block[end] = 1;
      block = Buffer.alloc(BLOCK);
      blocks.push(block);
      at = 0;
      end = 504;
    }
    put(block, at, map[i] ?? 0);
    put(block, at + 12, map[i + 1] ?? 0);
  }
  sumUp(main);
  return blocks;
}

/** Big-endian with the first bit set, which negative numbers and large ones need. */
function put(block: Buffer, at: number, value: number): void {
  block.fill(value < 0 ? 0xff : 0, at, at + 4);
  block.writeBigInt64BE(BigInt(value), at + 4);
  block[at] = (block[at] ?? 0) | 0x80;
}

function filled(...parts: readonly Buffer[]): Buffer {
  const bytes = Buffer.concat(parts);
  return Buffer.concat([bytes, Buffer.alloc(padding(bytes.length))]);
}
