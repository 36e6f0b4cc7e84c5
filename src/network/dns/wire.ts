// DNS messages as bytes: one question in, answers out (RFC 1035, EDNS of RFC 6891). Pure.

export const TYPE = { A: 1, PTR: 12, AAAA: 28, SRV: 33, OPT: 41 } as const;
export const CODE = { OK: 0, FORMAT: 1, FAILURE: 2, NO_NAME: 3, NOT_IMPLEMENTED: 4, REFUSED: 5 } as const;
const HEADER = 12;
const INTERNET = 1;
const MAX_NAME = 255;
/** What a resolver takes by UDP that says nothing, and the most that it gets. */
const PLAIN_BYTES = 512;
const MAX_UDP_BYTES = 4096;

export interface Query {
  readonly id: number;
  readonly recursive: boolean;
  /** Lower case, without the closing dot. */
  readonly name: string;
  readonly type: number;
  /** The question as it came, whose letters the answer repeats. */
  readonly question: Buffer;
  /** Bytes that the asker takes by UDP. */
  readonly limit: number;
  readonly edns: boolean;
}

export type Read =
  | { readonly kind: 'query'; readonly query: Query }
  /** To be told so: what is no question that a resolver answers. */
  | { readonly kind: 'refused'; readonly answer: Buffer }
  /** Not worth an answer, or dangerous to answer: noise, and what is an answer itself. */
  | { readonly kind: 'ignored' };

const IGNORED: Read = { kind: 'ignored' };

export function readQuery(message: Buffer): Read {
  if (message.length < HEADER || message.length > 65_535) return IGNORED;
  const flags = message.readUInt16BE(2);
  if ((flags & 0x8000) !== 0) return IGNORED;
  if ((flags & 0x7800) !== 0) return refused(message, CODE.NOT_IMPLEMENTED);
  if (message.readUInt16BE(4) !== 1) return refused(message, CODE.FORMAT);
  let name = '';
  let at = HEADER;
  for (let length = message[at] ?? 0; length !== 0; length = message[at] ?? 0) {
    // a question has nothing before it that it could point to
    if (length > 63 || at + 1 + length >= message.length || at + 1 + length - HEADER >= MAX_NAME)
      return refused(message, CODE.FORMAT);
    name += `${name === '' ? '' : '.'}${message.toString('latin1', at + 1, at + 1 + length)}`;
    at += 1 + length;
  }
  const end = at + 5;
  if (end > message.length) return refused(message, CODE.FORMAT);
  if (message.readUInt16BE(at + 3) !== INTERNET) return refused(message, CODE.REFUSED);
  const edns = optionAt(message, end);
  if (edns !== undefined && edns.version !== 0) return { kind: 'refused', answer: badVersion(message, end) };
  return {
    kind: 'query',
    query: {
      id: message.readUInt16BE(0),
      recursive: (flags & 0x100) !== 0,
      name: name.toLowerCase(),
      type: message.readUInt16BE(at + 1),
      question: message.subarray(HEADER, end),
      limit: Math.max(PLAIN_BYTES, Math.min(edns?.size ?? PLAIN_BYTES, MAX_UDP_BYTES)),
      edns: edns !== undefined,
    },
  };
}

/** The OPT record directly after the question, where every resolver puts it. */
function optionAt(message: Buffer, at: number): { size: number; version: number } | undefined {
  const records = message.readUInt16BE(6) + message.readUInt16BE(8);
  if (records > 0 || message.readUInt16BE(10) === 0 || at + 11 > message.length) return undefined;
  if (message[at] !== 0 || message.readUInt16BE(at + 1) !== TYPE.OPT) return undefined;
  return { size: message.readUInt16BE(at + 3), version: message[at + 6] ?? 0 };
}

/** A header alone: the question may be what is wrong. */
function refused(message: Buffer, code: number): Read {
  const answer = Buffer.alloc(HEADER);
  message.copy(answer, 0, 0, 2);
  answer.writeUInt16BE(0x8080 | (message.readUInt16BE(2) & 0x7900) | code, 2);
  return { kind: 'refused', answer };
}

/** BADVERS: 16, whose upper half stands in the OPT record. */
function badVersion(message: Buffer, end: number): Buffer {
  const answer = Buffer.concat([message.subarray(0, end), Buffer.from([0, 0, TYPE.OPT, 16, 0, 1, 0, 0, 0, 0, 0])]);
  answer.writeUInt16BE(0x8080 | (message.readUInt16BE(2) & 0x100), 2);
  answer.fill(0, 6, 10);
  answer.writeUInt16BE(1, 10);
  return answer;
}

/** Whether a message is an answer to this question of ours. */
export function answers(answer: Buffer, question: Buffer): boolean {
  if (answer.length < HEADER || answer.readUInt16BE(0) !== question.readUInt16BE(0)) return false;
  if ((answer[2] ?? 0) < 0x80) return false;
  if (answer.readUInt16BE(4) === 0) return true;
  const end = questionEnd(question);
  if (end === undefined || answer.length < end) return false;
  // letters may come back in another case
  return (
    answer.toString('latin1', HEADER, end).toLowerCase() === question.toString('latin1', HEADER, end).toLowerCase()
  );
}

function questionEnd(message: Buffer): number | undefined {
  let at = HEADER;
  for (let length = message[at] ?? 0; length !== 0; length = message[at] ?? 0) at += 1 + length;
  return at + 5 <= message.length ? at + 5 : undefined;
}

export interface Answer {
  readonly type: number;
  readonly data: Uint8Array;
  /** Seconds; what is usual where it says nothing. */
  readonly ttl?: number;
}

const OPTION = Buffer.from([0, 0, TYPE.OPT, 16, 0, 0, 0, 0, 0, 0, 0]);

/** `limit` cuts the answers off and says so; undefined for TCP. */
export function response(query: Query, code: number, records: readonly Answer[], ttl: number, limit = 65_535): Buffer {
  const { question, edns } = query;
  const tail = edns ? OPTION.length : 0;
  let kept = 0;
  let size = HEADER + question.length + tail;
  for (const { data } of records) {
    if (size + HEADER + data.length > limit) break;
    size += HEADER + data.length;
    kept += 1;
  }
  const out = Buffer.allocUnsafe(size);
  out.writeUInt16BE(query.id, 0);
  const cut = kept < records.length ? 0x200 : 0;
  out.writeUInt16BE(0x8080 | (query.recursive ? 0x100 : 0) | cut | code, 2);
  out.writeUInt16BE(1, 4);
  out.writeUInt16BE(kept, 6);
  out.writeUInt16BE(0, 8);
  out.writeUInt16BE(edns ? 1 : 0, 10);
  question.copy(out, HEADER);
  let at = HEADER + question.length;
  for (const { type, data, ttl: own = ttl } of records.slice(0, kept)) {
    out.writeUInt16BE(0xc00c, at); // the name of the question
    out.writeUInt16BE(type, at + 2);
    out.writeUInt16BE(INTERNET, at + 4);
    out.writeUInt32BE(own, at + 6);
    out.writeUInt16BE(data.length, at + 10);
    out.set(data, at + HEADER);
    at += HEADER + data.length;
  }
  if (edns) OPTION.copy(out, at);
  return out;
}

/** Of a port: no priority, equal weights (RFC 2782). */
export function encodeService(port: number, target: string): Buffer {
  const head = Buffer.alloc(6);
  head.writeUInt16BE(port, 4);
  return Buffer.concat([head, encodeName(target)]);
}

export function encodeName(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  return Buffer.concat([
    ...labels.map((label) =>
      Buffer.concat([Buffer.from([Math.min(label.length, 63)]), Buffer.from(label.slice(0, 63), 'latin1')]),
    ),
    Buffer.from([0]),
  ]);
}
