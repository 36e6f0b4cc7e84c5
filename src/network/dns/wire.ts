// DNS messages as bytes: one question in, answers out (RFC 1035, EDNS of RFC 6891). Pure.

export const TYPE = { A: 1, PTR: 12, AAAA: 28, OPT: 41 } as const;
export const CODE = { OK: 0, FORMAT: 1, FAILURE: 2, NO_NAME: 3, NOT_IMPLEMENTED: 4 } as const;

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

/** undefined for what is no query with one question of the Internet class. */
export function parseQuery(message: Buffer): Query | undefined {
  if (message.length < 17 || message.length > 65_535) return undefined;
  const flags = message.readUInt16BE(2);
  // a response, another operation, several questions
  if ((flags & 0xf800) !== 0 || message.readUInt16BE(4) !== 1) return undefined;
  const labels: string[] = [];
  let at = 12;
  for (let length = message[at] ?? 0; length !== 0; length = message[at] ?? 0) {
    // a question has nothing before it that it could point to
    if (length > 63 || at + 1 + length >= message.length || at - 12 > 255) return undefined;
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  if (at + 5 > message.length || message.readUInt16BE(at + 3) !== 1) return undefined;
  const end = at + 5;
  const size = ednsSize(message, end);
  return {
    id: message.readUInt16BE(0),
    recursive: (flags & 0x100) !== 0,
    name: labels.join('.').toLowerCase(),
    type: message.readUInt16BE(at + 1),
    question: message.subarray(12, end),
    limit: Math.max(512, Math.min(size ?? 512, 4096)),
    edns: size !== undefined,
  };
}

/** The OPT record directly after the question, where every resolver puts it. */
function ednsSize(message: Buffer, at: number): number | undefined {
  const records = message.readUInt16BE(6) + message.readUInt16BE(8);
  if (records > 0 || message.readUInt16BE(10) === 0 || at + 11 > message.length) return undefined;
  if (message[at] !== 0 || message.readUInt16BE(at + 1) !== TYPE.OPT) return undefined;
  return message.readUInt16BE(at + 3);
}

export interface Answer {
  readonly type: number;
  readonly data: Uint8Array;
}

/** `limit` cuts the answers off and says so; undefined for TCP. */
export function response(query: Query, code: number, answers: readonly Answer[], ttl: number, limit?: number): Buffer {
  const opt = query.edns ? Buffer.from([0, 0, TYPE.OPT, 16, 0, 0, 0, 0, 0, 0, 0]) : Buffer.alloc(0);
  const records = answers.map(({ type, data }) => {
    const head = Buffer.alloc(12);
    head.writeUInt16BE(0xc00c, 0); // the name of the question
    head.writeUInt16BE(type, 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt32BE(ttl, 6);
    head.writeUInt16BE(data.length, 10);
    return Buffer.concat([head, data]);
  });
  const kept: Buffer[] = [];
  let size = 12 + query.question.length + opt.length;
  for (const record of records) {
    size += record.length;
    if (limit !== undefined && size > limit) break;
    kept.push(record);
  }
  const header = Buffer.alloc(12);
  header.writeUInt16BE(query.id, 0);
  const cut = kept.length < records.length ? 0x200 : 0;
  header.writeUInt16BE(0x8080 | (query.recursive ? 0x100 : 0) | cut | code, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(kept.length, 6);
  header.writeUInt16BE(query.edns ? 1 : 0, 10);
  return Buffer.concat([header, query.question, ...kept, opt]);
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
