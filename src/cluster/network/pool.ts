// Which block of the pools and which address of a block is free: over what is taken. Pure.
import { addressText, type Block, firstOf, lastOf, overlaps, parseBlock, width } from '../../base/address.ts';

/** The first slice of `size` bits that overlaps nothing; undefined when there is none. */
export function freeBlock(pools: readonly Block[], size: number, taken: readonly Block[]): Block | undefined {
  for (const pool of pools) {
    const step = 1n << BigInt(width(pool.family) - size);
    const spans = taken.filter((one) => overlaps(pool, one)).toSorted((a, b) => (firstOf(a) < firstOf(b) ? -1 : 1));
    let value = firstOf(pool);
    for (const one of spans) {
      if (lastOf(one) < value) continue;
      if (firstOf(one) >= value + step) break;
      value = (lastOf(one) / step + 1n) * step;
    }
    if (value + step - 1n <= lastOf(pool)) return { family: pool.family, value, bits: size };
  }
  return undefined;
}

/** A unique local /64 (RFC 4193) of seven random bytes. */
export function localBlock(random: Uint8Array): Block {
  return { family: 6, value: BigInt(`0xfd${Buffer.from(random).toString('hex')}`) << 64n, bits: 64 };
}

/** Addresses of one subnet: each is the next after the one given before, so that one that was let go is given again as late as can be. */
export class AddressPool {
  readonly #block: Block;
  readonly #used: Set<bigint>;
  #last: bigint;

  /** `used` has the gateway in it; `last` is what was given last. */
  constructor(block: Block, used: Iterable<bigint>, last: bigint | undefined) {
    this.#block = block;
    this.#used = new Set(used);
    this.#last = last ?? firstOf(block);
  }

  get last(): bigint {
    return this.#last;
  }

  /** With its prefix; undefined when all are taken. */
  take(): string | undefined {
    const low = firstOf(this.#block) + 1n;
    const high = lastOf(this.#block) - 1n;
    const size = high - low + 1n;
    for (let step = 1n; step <= size; step += 1n) {
      const value = low + ((this.#last - low + step + size) % size);
      if (this.#used.has(value)) continue;
      this.#used.add(value);
      this.#last = value;
      return `${addressText({ family: this.#block.family, value })}/${this.#block.bits}`;
    }
    return undefined;
  }

  /** False when somebody has it, or it is not of this network. */
  takeThis(value: bigint): boolean {
    if (value <= firstOf(this.#block) || value >= lastOf(this.#block) || this.#used.has(value)) return false;
    this.#used.add(value);
    return true;
  }
}

/** `10.0.1.5/24` as its number. */
export function valueOf(text: string): bigint | undefined {
  return parseBlock(text.includes('/') ? text : `${text}/32`)?.value;
}
