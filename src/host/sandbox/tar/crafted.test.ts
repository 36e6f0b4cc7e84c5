// Archives that no program writes on purpose: damaged ones, and fields at and beyond their limits.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { dump } from './listing.ts';

/** Fields of a header block as the bytes that stand there, in latin1. */
interface Raw {
  name?: string;
  mode?: string;
  uid?: string;
  gid?: string;
  size?: string;
  mtime?: string;
  flag?: string;
  link?: string;
  magic?: string;
  major?: string;
  minor?: string;
  prefix?: string;
  last?: string;
}

const PLACES: Readonly<Record<keyof Raw, readonly [at: number, length: number, standard: string]>> = {
  name: [0, 100, 'file'],
  mode: [100, 8, '0000644\0'],
  uid: [108, 8, '0000000\0'],
  gid: [116, 8, '0000000\0'],
  size: [124, 12, '00000000000\0'],
  mtime: [136, 12, '13727410000\0'],
  flag: [156, 1, '0'],
  link: [157, 100, ''],
  magic: [257, 8, 'ustar\x0000'],
  major: [329, 8, ''],
  minor: [337, 8, ''],
  prefix: [345, 167, ''],
  last: [508, 4, ''],
};

const utf8 = (text: string): string => Buffer.from(text).toString('latin1');
const octal = (value: number): string => `${value.toString(8).padStart(11, '0')}\0`;
const padded = (text: string): string => text.padEnd(Math.ceil(text.length / 512) * 512, '\0');

function head(raw: Raw = {}, checksum = (bytes: Buffer): string => sumOf(bytes, 0)): string {
  const block = Buffer.alloc(512);
  for (const [field, [at, length, standard]] of Object.entries(PLACES))
    block.write(raw[field as keyof Raw] ?? standard, at, length, 'latin1');
  block.write(' '.repeat(8), 148);
  block.write(checksum(block), 148, 'latin1');
  return block.toString('latin1');
}

/** As the field holds it; `high` is what a byte above 127 counts more. */
function sumOf(block: Buffer, high: number): string {
  const sum = block.reduce((total, byte) => total + byte + (byte > 127 ? high : 0), 0);
  return `${sum.toString(8).padStart(6, '0')}\0 `;
}

const member = (raw: Raw, content: string): string => head({ size: octal(content.length), ...raw }) + padded(content);
const file = (raw: Raw = {}): string => member(raw, 'hello\n');
const pax = (records: string, raw: Raw = {}): string => member({ name: 'PaxHeaders/file', flag: 'x', ...raw }, records);
const global = (records: string): string => pax(records, { flag: 'g' });
const long = (text: string, flag = 'L'): string => member({ name: '././@LongLink', magic: 'ustar  \0', flag }, text);

function record(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return `${length}${rest}`;
}

const END = '\0'.repeat(1024);
const LAST = file({ name: 'last' });
const n = 'n'.repeat(100);
const ff = '\xff';
const PARTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'where an archive ends': {
    'no byte': '',
    'only zeros': END,
    'no zeros at the end': file(),
    'the last block is not filled': file().slice(0, 518),
    'one block of zeros': file() + '\0'.repeat(512),
    'a block of zeros between members': file() + '\0'.repeat(512) + LAST + END,
    'cut in a header': file() + head().slice(0, 300),
    'cut in the content': head({ size: octal(600) }) + 'x'.repeat(512),
    'cut in a PAX record': pax(record('path', 'x'.repeat(600))).slice(0, 700),
    'cut after PAX records': pax(record('path', 'x')),
    'zeros after PAX records': pax(record('path', 'x')) + END,
    'zeros after a long name': long('x\0') + END,
    'garbage after the end': file() + END + 'garbage'.repeat(100),
    garbage: 'garbage '.repeat(128),
    'a text': 'This is no archive.\n',
  },
  checksums: {
    wrong: head({}, () => '000001\0 ') + END,
    'of signed bytes, as old programs have it': head({ name: utf8('grüße') }, (block) => sumOf(block, -256)) + END,
    missing: head({}, () => '        ') + END,
    'wrong in the second member': file() + head({}, () => '000007\0 ') + END,
  },
  sizes: {
    'not octal': head({ size: '0000000008z\0' }) + END,
    'a minus': head({ size: '-0000000010\0' }) + END,
    'negative in base 256': head({ size: ff.repeat(12) }) + END,
    'in base 256': file({ size: `\x80${'\0'.repeat(10)}\x06` }) + END,
    'more than there is': head({ size: '77777777777\0' }) + END,
    'above 2^53': head({ size: `\x80\0\0\0\x7f${ff.repeat(7)}` }) + END,
    empty: head({ size: '' }) + LAST + END,
    'spaces around': file({ size: '         6 \0' }) + END,
    'no end': file({ size: '000000000006' }) + END,
    'a NUL inside': file({ size: '6\x007777777777' }) + END,
  },
  'other numbers': {
    'mode in base 256': head({ mode: '\x80\0\0\0\0\0\x01\xa4' }) + END,
    'mode with the bits of a type': head({ mode: '0104755\0' }) + END,
    'uid of 33 bits': head({ uid: '\x80\0\0\x01\0\0\0\0' }) + END,
    'uid that means none': head({ uid: `\x80\0\0\0${ff.repeat(4)}` }) + END,
    'the largest uid': head({ uid: `\x80\0\0\0${ff.repeat(3)}\xfe` }) + END,
    'negative uid': head({ uid: `${ff.repeat(7)}\xfe` }) + END,
    'negative time': head({ mtime: ff.repeat(12) }) + END,
    'time above 2^53': head({ mtime: `\x80\x7f${ff.repeat(10)}` }) + END,
    'huge device': head({ flag: '3', major: `\x80\0\0\0${ff.repeat(4)}`, minor: '7777777\0' }) + END,
    'device without numbers': head({ flag: '3' }) + END,
  },
  names: {
    empty: head({ name: '' }) + LAST + END,
    absolute: file({ name: '/etc/passwd' }) + END,
    'leading out': file({ name: '../../etc/passwd' }) + END,
    'with a dot': head({ name: './', flag: '5' }) + file({ name: './file' }) + END,
    'of 100 characters': file({ name: n }) + END,
    'with a slash at the end': member({ name: 'directory/' }, '') + END,
    'with a slash at the end, and content': file({ name: 'directory/' }) + LAST + END,
    'of a directory, as old programs have it': member({ name: 'directory/', flag: '\0', magic: '' }, '') + END,
    'of a directory, as old programs have it, with a size':
      head({ name: 'd/', flag: '\0', size: octal(6) }) + LAST + END,
    'with a full prefix': file({ name: n, prefix: 'p'.repeat(155) }) + END,
    'with only a prefix': file({ name: '', prefix: 'p' }) + END,
    'with the times of GNU tar instead of a prefix': file({ magic: 'ustar  \0', prefix: '13727410000\0' }) + END,
    'with a prefix, but not ustar': file({ magic: '', prefix: 'p' }) + END,
    'with a prefix and the times of star': file({ name: n, prefix: 'p/q\0', last: 'tar\0' }) + END,
    twice: file() + member({}, 'other\n') + END,
    'of whiteouts': file({ name: 'a/.wh.b' }) + file({ name: 'a/.wh..wh..opq' }) + END,
  },
  magic: {
    none: file({ magic: '' }) + END,
    unknown: file({ magic: 'uncle\x0000' }) + END,
  },
  'links and directories': {
    'link with a size but no content': head({ flag: '2', link: 'file', size: octal(6) }) + LAST + END,
    'hard link with a size but no content': head({ flag: '1', link: 'file', size: octal(6) }) + LAST + END,
    'directory with a size but no content': head({ name: 'd/', flag: '5', size: octal(600) }) + LAST + END,
    'target of 100 characters': head({ flag: '2', link: n }) + END,
    'no target': head({ flag: '2' }) + LAST + END,
    'absolute target, and a name below it': head({ flag: '2', link: '/etc' }) + file({ name: 'file/passwd' }) + END,
  },
  types: Object.fromEntries(
    [...'789:ADEIMNVXZa!'.split(''), ff].map((flag) => [
      flag === ff ? '255' : flag,
      file() + head({ name: 'odd', flag }) + LAST + END,
    ]),
  ),
  'long names of GNU tar': {
    'no NUL at the end': long('n'.repeat(200)) + file() + END,
    'a NUL inside': long(`${'n'.repeat(150)}\0more`) + file() + END,
    empty: long('') + file() + END,
    twice: long('first\0') + long('second\0') + file() + END,
    'name and target': long('target\0', 'K') + long('name\0') + head({ flag: '2', link: 'short' }) + END,
    'and a path of PAX': long('long\0') + pax(record('path', 'pax')) + file() + END,
    'a path of PAX before': pax(record('path', 'pax')) + long('long\0') + file() + END,
    'of a directory': long(`${'d'.repeat(150)}/\0`) + member({ name: 'd'.repeat(100) }, '') + END,
    'above 1 MiB': long('n'.repeat(1024 * 1024 + 1)) + file() + END,
  },
  'PAX records': {
    ...Object.fromEntries(
      [
        '',
        record('path', 'x'.repeat(150)),
        record('path', ''),
        record('path', 'a\0b'),
        record('path', 'gr\xfc\xdfe'),
        record('path', 'first') + record('path', 'second'),
        record('path', 'new\nline'),
        record('path', 'a=b'),
        record('path', 'directory/'),
        record('', 'no key'),
        record('a\0b', 'NUL'),
        '8 nokey\n',
        '9 path=xy',
        '99 path=x\n',
        '6 path=x\n',
        '0 path=x\n',
        ' path=x\n',
        'x path=x\n',
        '-9 path=x\n',
        '+10 path=x\n',
        '0x0b path=x\n',
        '000014 path=x\n',
        '99999999999999999999 path=x\n',
        '  11 path=x\n',
        `${record('path', 'x')}\0\0\0\0`,
        record('linkpath', 'on a file'),
        record('size', 'six'),
        record('size', '-1'),
        record('size', '6.0'),
        record('size', '9'.repeat(18)),
        record('size', ''),
        record('uid', 'x'),
        record('uid', '-1'),
        record('uid', '4294967296'),
        record('uid', ''),
        record('mtime', 'soon'),
        record('mtime', '1600000000.123456789123'),
        record('mtime', '5.'),
        record('mtime', '.5'),
        record('mtime', '-1.25'),
        record('mtime', '1e9'),
        record('mtime', ''),
        record('mtime', '9'.repeat(30)),
        record('SCHILY.xattr.user.a', '1') + record('SCHILY.xattr.user.empty', ''),
        record('SCHILY.xattr.user.a', '\0\xff\n='),
        record('SCHILY.xattr.', 'no name'),
        record('__proto__', 'x') + record('SCHILY.xattr.__proto__', 'x'),
        record('VENDOR.thing', 'x') + record('comment', 'y'),
        record('hdrcharset', 'BINARY') + record('path', '\xff\xfe'),
      ].map((records) => [JSON.stringify(records), pax(records) + file() + END]),
    ),
    'the size': pax(record('size', '6')) + file({ size: octal(0) }) + END,
    'the size of a directory': pax(record('size', '600')) + head({ name: 'd/', flag: '5' }) + LAST + END,
    twice: pax(record('path', 'first') + record('uid', '5')) + pax(record('path', 'second')) + file() + END,
    'for the next member only': pax(record('uid', '5')) + file() + LAST + END,
    'of Solaris': pax(record('path', 'x'), { flag: 'X' }) + file() + END,
    'above 1 MiB': pax(record('comment', 'c'.repeat(1024 * 1024))) + file() + END,
  },
  'PAX records for all that follow': {
    comment: global(record('comment', 'x')) + file() + END,
    'uid and time': global(record('uid', '5') + record('mtime', '9')) + file() + LAST + END,
    'less than those of a member': global(record('uid', '5')) + pax(record('uid', '6')) + file() + LAST + END,
    path: global(record('path', 'all')) + file() + LAST + END,
    changed: global(record('uid', '5')) + file() + global(record('uid', '6')) + LAST + END,
    'taken back': global(record('uid', '5')) + file() + global(record('uid', '')) + LAST + END,
    last: file() + global(record('comment', 'x')) + END,
    'between records and their member': pax(record('path', 'x')) + global(record('uid', '5')) + file() + END,
    broken: global('x') + file() + END,
  },
};

test('fault T8: an odd or damaged archive is read or refused as its golden text says', () => {
  const text = Object.entries(PARTS).map(([part, cases]) => {
    const found = Object.entries(cases).map(([title, bytes]) => `${title}\n${dump(Buffer.from(bytes, 'latin1'))}`);
    return `# ${part}\n\n${found.join('\n')}`;
  });
  const golden = new URL('./testdata/crafted.txt', import.meta.url);
  if (process.env['UPDATE_GOLDEN']) writeFileSync(golden, text.join('\n'));
  assert.equal(text.join('\n'), readFileSync(golden, 'utf8'), 'UPDATE_GOLDEN=1 writes it');
});
