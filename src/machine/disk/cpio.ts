// An archive that a kernel boots from: cpio in the "newc" form, uncompressed.
export interface ArchiveEntry {
  readonly path: string;
  /** Absent: a folder. */
  readonly data?: Buffer;
  /** For root alone, and no program. */
  readonly isSecret?: true;
}

const FILE = 0o100755;
const SECRET = 0o100600;
const FOLDER = 0o040755;

/** Folders come before what lies in them; everything belongs to root, and may be executed unless it is secret. */
export function cpioArchive(entries: readonly ArchiveEntry[]): Buffer {
  const parts: Buffer[] = [];
  const add = (path: string, mode: number, data: Buffer, inode: number): void => {
    const links = mode === FOLDER ? 2 : 1;
    const fields = [inode, mode, 0, 0, links, 0, data.length, 0, 0, 0, 0, path.length + 1, 0];
    const head = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}${path}\0`;
    parts.push(padded(Buffer.from(head, 'latin1')), padded(data));
  };
  for (const [index, { path, data, isSecret }] of entries.entries())
    add(path, data ? (isSecret ? SECRET : FILE) : FOLDER, data ?? Buffer.alloc(0), index + 1);
  add('TRAILER!!!', 0, Buffer.alloc(0), 0);
  return Buffer.concat(parts);
}

function padded(data: Buffer): Buffer {
  return Buffer.concat([data, Buffer.alloc((4 - (data.length % 4)) % 4)]);
}
