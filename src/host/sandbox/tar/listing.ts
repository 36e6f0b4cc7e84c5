// For tests: what a reader finds in an archive, a line a member.
import { createHash } from 'node:crypto';
import { type TarEntry, TarError } from './entry.ts';
import { TarReader } from './read.ts';

export function readerOf(bytes: Buffer, step = 700, onRaw?: (bytes: Buffer) => void): TarReader {
  let at = 0;
  const next = (): Buffer | undefined => {
    if (at >= bytes.length) return undefined;
    at += step;
    return bytes.subarray(at - step, at);
  };
  return new TarReader({ next }, onRaw);
}

/**
 * `type mode uid:gid size mtime name -> target`, then what some have: the numbers of a device, extended attributes, and the
 * beginning of the content's SHA-256. An error is the last line.
 */
export function dump(archive: Buffer): string {
  const reader = readerOf(archive);
  const lines: string[] = [];
  try {
    for (let entry = reader.next(); entry; entry = reader.next()) {
      const hash = createHash('sha256');
      for (let chunk = reader.data(); chunk; chunk = reader.data()) hash.update(chunk);
      lines.push(line(entry, entry.size > 0 ? ` #${hash.digest('hex').slice(0, 8)}` : ''));
    }
  } catch (error) {
    if (!(error instanceof TarError)) throw error;
    lines.push(`error: ${error.message}`);
  }
  return lines.map((text) => `  ${text}\n`).join('');
}

function line(entry: TarEntry, content: string): string {
  const { type, mode, uid, gid, size, mtime, name, linkname, major, minor, xattrs } = entry;
  const link = type === 'link' || type === 'symlink' ? ` -> ${shown(linkname)}` : '';
  const device = type === 'char' || type === 'block' ? ` ${major},${minor}` : '';
  const attributes = [...(xattrs ?? [])].map(([key, value]) => ` ${shown(key)}=${shown(value)}`).join('');
  const octal = mode.toString(8).padStart(4, '0');
  return `${type} ${octal} ${uid}:${gid} ${size} ${mtime} ${shown(name)}${link}${device}${attributes}${content}`;
}

/** Bytes in quotes: what is UTF-8 and can be seen as it is, all else as \\x and two digits; `{100 n}` is the letter n 100 times. */
function shown(latin1: string): string {
  const bytes = Buffer.from(latin1, 'latin1');
  const text = bytes.toString('utf8');
  const visible = Buffer.from(text).equals(bytes)
    ? text.replace(/["\\\p{Cc}]/gu, hex)
    : latin1.replace(/["\\\p{Cc}\x80-\xff]/gu, hex);
  return `"${visible.replace(/([a-z0-9])\1{19,}/g, (run: string, letter: string) => `{${run.length} ${letter}}`)}"`;
}

function hex(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}
