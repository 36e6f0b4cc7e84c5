// Protocol buffers from tables: a message is a record of numbered fields, its type follows from the table, and one pair of
// functions reads and writes all of them. Fields that are not in a table are skipped; defaults are not written, as in proto3.

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/** How one value is written. `wire` is its wire type; absent values read as `empty`. */
interface Scalar<T> {
  readonly wire: number;
  readonly empty: T;
  isEmpty(value: T): boolean;
  write(out: Writer, value: T): void;
  read(from: Reader): T;
}

export interface Field<T> {
  readonly number: number;
  readonly start: T;
  write(out: Writer, value: T): void;
  /** The value after one more occurrence of the field. */
  read(from: Reader, before: T, wire: number): T;
}

export type Shape = Readonly<Record<string, Field<never>>>;
type ValueOf<F> = F extends Field<infer T> ? T : never;
export type Values<S> = { readonly [K in keyof S]: ValueOf<S[K]> };

export interface Message<T> {
  encode(value: Partial<T>): Buffer;
  decode(bytes: Uint8Array): T;
}

/** What a message holds: `Of<typeof Stat>`. */
export type Of<M> = M extends Message<infer T> ? T : never;

export class WireError extends Error {
  override readonly name = 'WireError';
}

class Reader {
  readonly #bytes: Buffer;
  #at: number;
  readonly #end: number;

  constructor(bytes: Buffer, at = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = at;
    this.#end = end;
  }

  get done(): boolean {
    return this.#at >= this.#end;
  }

  #byte(): number {
    if (this.#at >= this.#end) throw new WireError('truncated message');
    return this.#bytes[this.#at++] ?? 0;
  }

  /** Up to 2^53; what is larger is rounded, and lengths and numbers that large are refused by who asks. */
  varint(): number {
    let byte = this.#byte();
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    for (let factor = 128, count = 1; ; factor *= 128, count += 1) {
      if (count > 9) throw new WireError('a number of more than ten bytes');
      byte = this.#byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }

  bigVarint(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      if (shift > 63n) throw new WireError('a number of more than ten bytes');
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
  }

  #take(): number {
    const length = this.varint();
    if (length > this.#end - this.#at) throw new WireError('truncated message');
    return length;
  }

  bytes(): Buffer {
    const length = this.#take();
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  text(): string {
    const length = this.#take();
    this.#at += length;
    return this.#bytes.toString('utf8', this.#at - length, this.#at);
  }

  latin1(): string {
    const length = this.#take();
    this.#at += length;
    return this.#bytes.toString('latin1', this.#at - length, this.#at);
  }

  part(): Reader {
    const length = this.#take();
    this.#at += length;
    return new Reader(this.#bytes, this.#at - length, this.#at);
  }

  skip(wire: number): void {
    if (wire === VARINT) this.bigVarint();
    else if (wire === BYTES) this.bytes();
    else if (wire === FIXED64 || wire === FIXED32) {
      this.#at += wire === FIXED64 ? 8 : 4;
      if (this.#at > this.#end) throw new WireError('truncated message');
    } else throw new WireError(`wire type ${wire} is not used`);
  }
}

class Writer {
  #bytes = Buffer.allocUnsafe(256);
  #at = 0;

  #room(count: number): void {
    if (this.#at + count <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + count));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }

  varint(value: number): void {
    if (value < 0 || value > Number.MAX_SAFE_INTEGER) {
      this.bigVarint(BigInt(value));
      return;
    }
    this.#room(10);
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.#bytes[this.#at++] = (rest % 128) | 0x80;
    this.#bytes[this.#at++] = rest;
  }

  bigVarint(value: bigint): void {
    this.#room(10);
    let rest = BigInt.asUintN(64, value);
    for (; rest >= 128n; rest >>= 7n) this.#bytes[this.#at++] = Number(rest & 127n) | 0x80;
    this.#bytes[this.#at++] = Number(rest);
  }

  bytes(value: Uint8Array): void {
    this.varint(value.length);
    this.#room(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
  }

  tag(number: number, wire: number): void {
    this.varint(number * 8 + wire);
  }

  finish(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }
}

const scalar = <T>(kind: Scalar<T>): ((number: number) => Field<T>) => {
  return (number) => ({
    number,
    start: kind.empty,
    write(out, value) {
      if (kind.isEmpty(value)) return;
      out.tag(number, kind.wire);
      kind.write(out, value);
    },
    read(from, before, wire) {
      if (wire === kind.wire) return kind.read(from);
      from.skip(wire);
      return before;
    },
  });
};

const textKind: Scalar<string> = {
  wire: BYTES,
  empty: '',
  isEmpty: (value) => value === '',
  write: (out, value) => out.bytes(Buffer.from(value, 'utf8')),
  read: (from) => from.text(),
};
const nameKind: Scalar<string> = {
  ...textKind,
  write: (out, value) => out.bytes(Buffer.from(value, 'latin1')),
  read: (from) => from.latin1(),
};
const numberKind: Scalar<number> = {
  wire: VARINT,
  empty: 0,
  isEmpty: (value) => value === 0,
  write: (out, value) => out.varint(value),
  read: (from) => from.varint(),
};
const int64Kind: Scalar<bigint> = {
  wire: VARINT,
  empty: 0n,
  isEmpty: (value) => value === 0n,
  write: (out, value) => out.bigVarint(value),
  read: (from) => from.bigVarint(),
};
const flagKind: Scalar<boolean> = {
  wire: VARINT,
  empty: false,
  isEmpty: (value) => !value,
  write: (out, value) => out.varint(value ? 1 : 0),
  read: (from) => from.varint() !== 0,
};
const bytesKind: Scalar<Uint8Array> = {
  wire: BYTES,
  empty: Buffer.alloc(0),
  isEmpty: (value) => value.length === 0,
  write: (out, value) => out.bytes(value),
  read: (from) => from.bytes(),
};

export const text = scalar(textKind);
/** A name in bytes, in latin1 as file names are throughout. */
export const name = scalar(nameKind);
/** A number that is never negative and below 2^53. */
export const number = scalar(numberKind);
/** Signed, of 64 bits. */
export const int64 = scalar(int64Kind);
export const flag = scalar(flagKind);
export const bytes = scalar(bytesKind);

function repeated<T>(kind: Scalar<T>): (number: number) => Field<readonly T[]> {
  return (field) => ({
    number: field,
    start: [],
    write(out, values) {
      for (const value of values) {
        out.tag(field, kind.wire);
        kind.write(out, value);
      }
    },
    read(from, before, wire) {
      if (wire === kind.wire) {
        // the first occurrence makes the list, which is this message's own
        const list = (before.length === 0 ? [] : before) as T[];
        list.push(kind.read(from));
        return list;
      }
      from.skip(wire);
      return before;
    },
  });
}

export const texts = repeated(textKind);
export const byteLists = repeated(bytesKind);

interface Coded<T> extends Message<T> {
  write(out: Writer, value: Partial<T>): void;
  read(from: Reader): T;
}

function pairs<T>(kind: Scalar<T>): (number: number) => Field<ReadonlyMap<string, T>> {
  return (field) => ({
    number: field,
    start: new Map<string, T>(),
    write(out, map) {
      for (const [key, value] of map) {
        const entry = new Writer();
        if (key !== '') {
          entry.tag(1, BYTES);
          textKind.write(entry, key);
        }
        if (!kind.isEmpty(value)) {
          entry.tag(2, kind.wire);
          kind.write(entry, value);
        }
        out.tag(field, BYTES);
        out.bytes(entry.finish());
      }
    },
    read(from, before, wire) {
      if (wire !== BYTES) {
        from.skip(wire);
        return before;
      }
      const entry = from.part();
      let key = '';
      let value = kind.empty;
      while (!entry.done) {
        const tag = entry.varint();
        if (tag === 8 + BYTES) key = entry.text();
        else if (tag === 16 + kind.wire) value = kind.read(entry);
        else entry.skip(tag % 8);
      }
      const map = (before.size === 0 ? new Map<string, T>() : before) as Map<string, T>;
      return map.set(key, value);
    },
  });
}

function kindOf<T>(of: Message<T>): Scalar<T> {
  const coded = of as Coded<T>;
  return {
    wire: BYTES,
    empty: coded.decode(new Uint8Array()),
    isEmpty: () => false,
    write: (out, value) => out.bytes(coded.encode(value)),
    read: (from) => coded.read(from.part()),
  };
}

export const textMap = pairs(textKind);
export const bytesMap = pairs(bytesKind);
export const mapOf = <T>(field: number, of: Message<T>): Field<ReadonlyMap<string, T>> => pairs(kindOf(of))(field);
export const listOf = <T>(field: number, of: Message<T>): Field<readonly T[]> => repeated(kindOf(of))(field);

/** A message within a message; undefined when it is not there, which is not the same as an empty one. */
export function one<T>(field: number, of: Message<T>): Field<T | undefined> {
  const coded = of as Coded<T>;
  return {
    number: field,
    start: undefined,
    write(out, value) {
      if (value === undefined) return;
      out.tag(field, BYTES);
      out.bytes(coded.encode(value));
    },
    read(from, before, wire) {
      if (wire === BYTES) return coded.read(from.part());
      from.skip(wire);
      return before;
    },
  };
}

/** A message type from its fields. Values that are absent when encoding are their fields' defaults. */
export function message<S extends { readonly [K in keyof S]: Field<ValueOf<S[K]>> }>(shape: S): Message<Values<S>> {
  type T = Values<S>;
  const names = Object.keys(shape);
  const fields = Object.values<Field<unknown>>(shape as unknown as Record<string, Field<unknown>>);
  const byNumber: (number | undefined)[] = [];
  for (const [index, field] of fields.entries()) byNumber[field.number] = index;
  const starts = fields.map((field) => field.start);
  const empty = Object.fromEntries(names.map((key, index) => [key, starts[index]]));
  const coded: Coded<T> = {
    write(out, value) {
      const values = value as Record<string, unknown>;
      for (const [index, field] of fields.entries()) {
        const given = values[names[index] ?? ''];
        if (given !== undefined) field.write(out, given);
      }
    },
    read(from) {
      const result: Record<string, unknown> = { ...empty };
      while (!from.done) {
        const tag = from.varint();
        const wire = tag & 7;
        const index = byNumber[Math.floor(tag / 8)];
        const field = index === undefined ? undefined : fields[index];
        const key = index === undefined ? undefined : names[index];
        if (field === undefined || key === undefined) from.skip(wire);
        else result[key] = field.read(from, result[key], wire);
      }
      return result as T;
    },
    encode(value) {
      const out = new Writer();
      coded.write(out, value);
      return out.finish();
    },
    decode: (input) => coded.read(new Reader(Buffer.isBuffer(input) ? input : Buffer.from(input))),
  };
  return coded;
}
