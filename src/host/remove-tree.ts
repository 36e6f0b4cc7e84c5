// Removes a directory with all that is in it, in memory that does not grow with it: a piece of a directory at a time.
import { lstatSync, readdirSync, rmSync } from 'node:fs';
import { opendir, rmdir, unlink } from 'node:fs/promises';
import { isErrno } from '../base/errors.ts';

/** Names of one directory that are known at a time. */
const PIECE = 256;
/** More at once would keep others from the few threads for files. */
const AT_ONCE = 8;

interface Directory {
  /** Bytes in latin1: names need not be UTF-8, and one that could not be said again would be met for ever. */
  readonly path: string;
  /** All that it had when it was read last is on its way. */
  emptied: boolean;
}

/** Links are removed and not followed. What is not there is no mistake. */
export async function removeTree(target: string): Promise<void> {
  if (isSmallAndGone(target)) return;
  if (await isGone(() => unlink(target))) return;
  const path = Buffer.from(target).toString('latin1');
  // innermost last: neither the stack nor open directories grow with the depth
  // an empty one goes without a descriptor, of which there may be none
  const open: Directory[] = [{ path, emptied: true }];
  for (let at = open.at(-1); at !== undefined; at = open.at(-1)) {
    if (at.emptied && (await isGone(() => rmdir(bytes(at.path))))) {
      open.pop();
      continue;
    }
    const { files, directories } = await readPiece(at.path);
    for (let from = 0; from < files.length; from += AT_ONCE)
      await Promise.all(files.slice(from, from + AT_ONCE).map((file) => isGone(() => unlink(bytes(file)))));
    at.emptied = files.length + directories.length < PIECE;
    for (const directory of directories) open.push({ path: directory, emptied: false });
  }
}

/** A tree of so few entries goes at once: by way of the threads for files each costs a tenth of a millisecond more. */
const AT_ONE_GO = 32;
/** The kernel takes its time for the blocks of a larger file. */
const SMALL_FILE = 1024 * 1024;

/** False, with nothing done, for a tree that is not; every failure is for the other way too. */
function isSmallAndGone(target: string): boolean {
  try {
    if (!isSmall(target, { entries: AT_ONE_GO })) return false;
    rmSync(target, { recursive: true, force: true });
    return true;
  } catch {
    return false;
  }
}

/** `left` counts down. */
function isSmall(directory: string, left: { entries: number }): boolean {
  const entries = readdirSync(directory, { withFileTypes: true });
  left.entries -= entries.length;
  if (left.entries < 0) return false;
  return entries.every((entry) => {
    const path = `${directory}/${entry.name}`;
    return entry.isDirectory() ? isSmall(path, left) : !entry.isFile() || lstatSync(path).size <= SMALL_FILE;
  });
}

/** False for what is a directory, or one that is not empty. */
async function isGone(remove: () => Promise<void>): Promise<boolean> {
  try {
    await remove();
  } catch (error) {
    if (isErrno(error, 'EISDIR', 'ENOTEMPTY', 'EEXIST')) return false;
    if (!isErrno(error, 'ENOENT')) throw error;
  }
  return true;
}

async function readPiece(path: string): Promise<{ files: string[]; directories: string[] }> {
  const files: string[] = [];
  const directories: string[] = [];
  try {
    for await (const entry of await opendir(bytes(path), { bufferSize: PIECE, encoding: 'latin1' as BufferEncoding })) {
      (entry.isDirectory() ? directories : files).push(`${path}/${entry.name}`);
      if (files.length + directories.length === PIECE) break;
    }
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
  }
  return { files, directories };
}

function bytes(path: string): string | Buffer {
  return /[^\p{ASCII}]/u.test(path) ? Buffer.from(path, 'latin1') : path;
}
