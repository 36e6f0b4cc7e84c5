// Whether a file system has room for what comes: archives may claim to be small and be large.
import { statfsSync } from 'node:fs';

export interface Space {
  /** Blocks in all, and those that anybody may take. */
  readonly blocks: number;
  readonly bavail: number;
  readonly bsize: number;
}

/** What is left for all others: a hundredth of the file system, and no more than this. */
const LEAVE_FREE = 256 * 1024 * 1024;
/** The free space is looked at whenever so many bytes have come. */
const LOOK_EVERY = 16 * 1024 * 1024;
/** What a file takes besides its content. */
export const NODE_BYTES = 4096;

/** Whether so many bytes more would leave too little. A file system that does not say how large it is never has too little. */
export function isTight({ blocks, bavail, bsize }: Space, coming = 0): boolean {
  return blocks > 0 && bavail * bsize - coming < Math.min((blocks * bsize) / 100, LEAVE_FREE);
}

/** Looks from time to time while something is written into a directory. */
export class Room {
  readonly #look: () => Space;
  #since = 0;
  #allocated = 0;

  constructor(look: () => Space) {
    this.#look = look;
  }

  static of(directory: string | Buffer): Room {
    return new Room(() => statfsSync(directory));
  }

  /** Before so many bytes are written. Throws ENOSPC while there is still some room. */
  ahead(bytes: number): void {
    if (bytes >= LOOK_EVERY) this.#check(bytes);
  }

  /** While they are. */
  take(bytes: number): void {
    this.#since += bytes;
    if (this.#since >= LOOK_EVERY) this.#check(0);
  }

  /**
   * Before a file with holes, of its whole size: it costs an archive nothing to claim any. All that are claimed must be no more
   * than the file system, since whoever reads a file reads its holes.
   */
  allocate(bytes: number): void {
    this.#allocated += bytes;
    const { blocks, bsize } = this.#look();
    if (blocks > 0 && this.#allocated > blocks * bsize) throw noSpace();
  }

  #check(coming: number): void {
    this.#since = 0;
    if (isTight(this.#look(), coming)) throw noSpace();
  }
}

function noSpace(): Error {
  return Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
}
