// Entries to header blocks: ustar, with a PAX header before it where ustar is too small. The same entry gives the same bytes.
import { BLOCK, type TarEntry, type TarType } from './entry.ts';

const FLAGS: Readonly<Record<TarType, string>> = {
  file: '0',
  link: '1',
  symlink: '2',
  char: '3',
  block: '4',
  directory: '5',
  fifo: '6',
};

const MAX_OCTAL_7 = 0o7777777;
const MAX_OCTAL_11 = 0o77777777777;

export type TarFields = Pick<TarEntry, 'name' | 'type'> & Partial<TarEntry>;

/** Header blocks of an entry; the content and `padding(size)` follow it. */
export function header(fields: TarFields): Buffer {
  const entry: TarEntry = {
    mode: fields.type === 'directory' ? 0o755 : 0o644,
    uid: 0,
    gid: 0,
    size: 0,
    mtime: 0,
    linkname: '',
    major: 0,
    minor: 0,
    xattrs: undefined,
    ...fields,
  };
  const records: [string, string][] = [];
  if (!fits(entry.name)) records.push(['path', entry.name]);
  if (!fits(entry.linkname)) records.push(['linkpath', entry.linkname]);
  if (entry.size > MAX_OCTAL_11) records.push(['size', String(entry.size)]);
  if (entry.uid > MAX_OCTAL_7) records.push(['uid', String(entry.uid)]);
  if (entry.gid > MAX_OCTAL_7) records.push(['gid', String(entry.gid)]);
  if (entry.mtime < 0 || entry.mtime > MAX_OCTAL_11 || !Number.isInteger(entry.mtime))
    records.push(['mtime', String(entry.mtime)]);
  for (const [name, value] of [...(entry.xattrs ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))) {
    records.push([`SCHILY.xattr.${name}`, value]);
  }
  const main = block(entry, FLAGS[entry.type]);
  if (records.length === 0) return main;
  const body = Buffer.from(records.map(([key, value]) => paxRecord(key, value)).join(''), 'latin1');
  const base = entry.name.replace(/\/$/, '').split('/').at(-1) ?? '';
  const pax = block(
    {
      ...entry,
      name: `PaxHeaders.0/${ascii(base).slice(0, 80)}`,
      linkname: '',
      size: body.length,
      mode: 0o644,
      uid: 0,
      gid: 0,
      mtime: 0,
      major: 0,
      minor: 0,
    },
    'x',
  );
  return Buffer.concat([pax, body, Buffer.alloc(padding(body.length)), main]);
}

export function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

/** The two zero blocks that end an archive. */
export const TRAILER: Buffer = Buffer.alloc(2 * BLOCK);

function fits(name: string): boolean {
  return name.length <= 100 && !/[^\p{ASCII}]/u.test(name);
}

function ascii(name: string): string {
  return name.replace(/[^\x20-\x7e]/g, '_');
}

export function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return `${length}${rest}`;
}

function block(entry: TarEntry, flag: string): Buffer {
  const out = Buffer.alloc(BLOCK);
  const octal = (value: number, offset: number, length: number, max: number): void => {
    const shown = value < 0 || value > max ? 0 : Math.trunc(value);
    out.write(shown.toString(8).padStart(length - 1, '0'), offset, length - 1, 'latin1');
  };
  out.write(fits(entry.name) ? entry.name : ascii(entry.name).slice(0, 100), 0, 100, 'latin1');
  octal(entry.mode, 100, 8, MAX_OCTAL_7);
  octal(entry.uid, 108, 8, MAX_OCTAL_7);
  octal(entry.gid, 116, 8, MAX_OCTAL_7);
  octal(entry.size, 124, 12, MAX_OCTAL_11);
  octal(entry.mtime, 136, 12, MAX_OCTAL_11);
  out.write(flag, 156, 1, 'latin1');
  out.write(fits(entry.linkname) ? entry.linkname : ascii(entry.linkname).slice(0, 100), 157, 100, 'latin1');
  out.write('ustar\x0000', 257, 8, 'latin1');
  octal(entry.major, 329, 8, MAX_OCTAL_7);
  octal(entry.minor, 337, 8, MAX_OCTAL_7);
  return sumUp(out);
}

/** Makes the checksum of a header block right. */
export function sumUp(block: Buffer): Buffer {
  block.write('        ', 148, 8, 'latin1');
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 8, 'latin1');
  return block;
}
