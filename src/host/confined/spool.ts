// Writes the members of an archive into numbered files: whatever names it holds, none of them ever becomes a path.
import { closeSync, openSync, writeSync } from 'node:fs';
import { insidePath, parentOf } from './paths.ts';
import { TarError } from './tar/entry.ts';
import type { TarReader } from './tar/read.ts';

/** A member by its name in the archive (`a/b`, without a leading slash); `link` names another member. */
export type Spooled = { readonly file: number; readonly size: number } | { readonly link: string };

const MAX_MEMBERS = 100_000;

/** The last member of a name counts. */
export function spool(reader: TarReader): Map<string, Spooled> {
  const members = new Map<string, Spooled>();
  let count = 0;
  for (let entry = reader.next(); entry; entry = reader.next()) {
    count += 1;
    if (count > MAX_MEMBERS) throw new TarError(`the archive has more than ${MAX_MEMBERS} members`);
    const path = insidePath(entry.name);
    const name = path.slice(1);
    if (entry.type === 'file') {
      const fd = openSync(`/${count}`, 'wx', 0o600);
      try {
        for (let chunk = reader.data(); chunk; chunk = reader.data()) {
          for (let at = 0; at < chunk.length; ) at += writeSync(fd, chunk, at, chunk.length - at);
        }
      } finally {
        closeSync(fd);
      }
      members.set(name, { file: count, size: entry.size });
    } else if (entry.type === 'symlink') {
      const target = entry.linkname.startsWith('/') ? entry.linkname : `${parentOf(path)}/${entry.linkname}`;
      members.set(name, { link: insidePath(target).slice(1) });
    } else if (entry.type === 'link') members.set(name, { link: insidePath(entry.linkname).slice(1) });
  }
  return members;
}
