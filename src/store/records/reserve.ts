// Room that is held for the records on a disk that may fill up: what ends, such as a removal, can then always be written down.
// Pages that are free inside the file are taken by nobody else, unlike those of a file that is given up when they are needed.
import { closeSync, fstatSync, openSync, rmSync, writeSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { isErrno } from '../../base/errors.ts';

/** What the next records may take before the reserve is filled up again, pages of 4 KiB. */
const LEAST_PAGES = 128;
const RESERVE_BYTES = 1 << 20;
/** SQLite starts its log anew when that has 1000 pages (4.1 MB); a transaction may go beyond. */
const LOG_BYTES = 4.5 * (1 << 20);
const ZEROS = Buffer.alloc(1 << 18);

export class Reserve {
  readonly #database: DatabaseSync;
  readonly #file: string;
  readonly #free: () => number;

  constructor(database: DatabaseSync, file: string) {
    this.#database = database;
    this.#file = file;
    const count = database.prepare('PRAGMA freelist_count');
    this.#free = () => Number(count.get()?.['freelist_count']);
  }

  /**
   * Fills it up; two microseconds when it is there. Not in a transaction. Throws while the disk has no room for it: then
   * nothing new may begin.
   */
  hold(): void {
    if (this.#free() >= LEAST_PAGES) return;
    probe(`${this.#file}-probe`, 2 * RESERVE_BYTES);
    // it must get to the file before it is freed: pages that never were written have no room on the disk
    this.#database.exec(`CREATE TABLE IF NOT EXISTS reserve (data BLOB NOT NULL);
      DELETE FROM reserve;
      INSERT INTO reserve VALUES (zeroblob(${RESERVE_BYTES}));
      PRAGMA wal_checkpoint(PASSIVE);
      DELETE FROM reserve;
      PRAGMA shrink_memory`);
  }
}

/**
 * Throws when there is no room for so many bytes. SQLite would find out too late: what its log has taken must get to the file
 * before the log can start anew.
 */
function probe(path: string, bytes: number): void {
  const fd = openSync(path, 'w', 0o600);
  try {
    writeZeros(fd, bytes);
  } finally {
    closeSync(fd);
    rmSync(path);
  }
}

function writeZeros(fd: number, bytes: number): void {
  for (let left = bytes; left > 0; ) left -= writeSync(fd, ZEROS, 0, Math.min(left, ZEROS.length));
}

/** SQLite's log of a database, lengthened to what it takes at most: behind its entries it may have anything. */
export function lengthenLog(file: string): void {
  const fd = openSync(`${file}-wal`, 'a', 0o600);
  try {
    writeZeros(fd, LOG_BYTES - fstatSync(fd).size);
  } catch (error) {
    if (!isErrno(error, 'ENOSPC', 'EDQUOT')) throw error;
  } finally {
    closeSync(fd);
  }
}
