// Archives by chance: imported as images, whose files are compared entry by entry.
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { createGzip, constants, zstdCompressSync } from 'node:zlib';
import { type Header, pack } from 'tar-stream';
import { readImage } from '../builds/image.ts';
import type { Random } from '../builds/random.ts';
import { messageIn } from './create.ts';
import { raw, type Side, type Subject } from './subject.ts';

export type Member =
  | { readonly kind: 'member'; readonly header: Partial<Header> & { name: string }; readonly text: string }
  | { readonly kind: 'form'; readonly form: 'plain' | 'gzip' | 'two gzips' | 'zstd' | 'cut' | 'no end' | 'zeros' };

const NAMES = [
  'a',
  'b',
  'd',
  'd/',
  'd/a',
  './a',
  './d/./b',
  '/abs',
  'd//c',
  '../up',
  'd/../e',
  'd/..',
  '.',
  './',
  '.wh.a',
  'd/.wh.b',
  '.wh..wh..opq',
  'x y',
  'ü',
  'l/under',
  'n'.repeat(120),
  `${'p/'.repeat(60)}q`,
];
const TYPES: readonly NonNullable<Header['type']>[] = [
  'file',
  'file',
  'file',
  'directory',
  'directory',
  'symlink',
  'link',
  'fifo',
  'character-device',
  'contiguous-file',
];
/** None is empty: tar-stream takes that for a target which is yet to be written as the content, and the archive never ends. */
const TARGETS = ['a', 'd', '/a', '../a', '.', '/', 'nowhere', 'd/a', '../../x'];

export const archive: Subject<Member> = {
  make(random: Random): readonly Member[] {
    const members = Array.from({ length: random.between(1, 7) }, (): Member => {
      const type = random.pick(TYPES);
      const header: Partial<Header> & { name: string } = {
        name: random.pick(NAMES),
        type,
        mode: random.pick([0o644, 0o755, 0o4755, 0, 0o1777, 0o7777]),
        uid: random.pick([0, 5, 1000, 2_097_152]),
        gid: random.pick([0, 6]),
        mtime: new Date(random.pick([0, 1e9, 1_234_567_890]) * 1000),
      };
      if (type === 'symlink' || type === 'link') header.linkname = random.pick(TARGETS);
      if (type === 'character-device') Object.assign(header, { devmajor: 1, devminor: 3 });
      if (random.chance(0.1))
        header.pax = random.pick<Record<string, string>>([
          { 'SCHILY.xattr.user.a': 'b' },
          { mtime: '1000000000.5' },
          { path: 'renamed' },
          { uid: '7' },
          { size: '1' },
          { x: 'y' },
        ]);
      return { kind: 'member', header, text: type === 'file' ? 'x'.repeat(random.pick([0, 1, 511, 512, 513])) : '' };
    });
    const form = random.pick<'plain'>([
      'plain',
      'plain',
      'plain',
      'gzip',
      'two gzips',
      'zstd',
      'cut',
      'no end',
      'zeros',
    ] as never);
    return [...members, { kind: 'form', form }];
  },

  async observe(side: Side, members: readonly Member[]): Promise<readonly string[]> {
    const tag = `fuzz-archive-${process.pid}`;
    const content = await packed(members);
    const made = await raw(side, 'POST', `/v1.51/images/create?fromSrc=-&repo=${tag}`, content, 'application/x-tar');
    const text = made.body.toString();
    const wrong = /"error":"((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ?? (made.status >= 400 ? messageIn(text) : undefined);
    if (wrong !== undefined) return [`refused: ${made.status >= 400}`];
    try {
      const saved = await raw(side, 'GET', `/v1.51/images/${tag}/get`, undefined, '');
      const { files } = await readImage(saved.body);
      return ['taken: true', ...[...files].map(([path, line]) => `${path}: ${line}`)];
    } catch (error) {
      return [`unreadable: ${String(error)}`];
    } finally {
      await raw(side, 'DELETE', `/v1.51/images/${tag}`, undefined, '');
    }
  },

  show: (member) =>
    member.kind === 'form' ? `(${member.form})` : `${JSON.stringify(member.header)} ${member.text.length} bytes`,
};

async function packed(members: readonly Member[]): Promise<Buffer> {
  const tar = pack();
  for (const one of members) if (one.kind === 'member') tar.entry(one.header, one.text);
  tar.finalize();
  const plain = await buffer(tar);
  const form = members.find((one) => one.kind === 'form')?.form ?? 'plain';
  const half = Math.floor(plain.length / 2);
  switch (form) {
    case 'gzip':
      return gzip(plain);
    case 'two gzips':
      return Buffer.concat([await gzip(plain.subarray(0, half)), await gzip(plain.subarray(half))]);
    case 'zstd':
      return zstdCompressSync(plain, { params: { [constants.ZSTD_c_compressionLevel]: 3 } });
    case 'cut':
      return plain.subarray(0, half);
    case 'no end':
      return plain.subarray(0, plain.length - 1024);
    case 'zeros':
      return Buffer.concat([plain, Buffer.alloc(10_240)]);
    case 'plain':
      return plain;
  }
}

const gzip = (content: Buffer): Promise<Buffer> => buffer(Readable.from([content]).pipe(createGzip()));
