// Names answered, forwarded or unknown; messages read whole, cut off, and torn by chance.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseAddress } from '../address.ts';
import { reply, type Zone } from './answer.ts';
import { encodeName, parseQuery, type Query, response, TYPE } from './wire.ts';

const addresses = (...texts: string[]) => texts.map((text) => parseAddress(text)).filter((one) => one !== undefined);
const zone: Zone = {
  outside: true,
  members: [
    { names: ['web', 'www'], network: 'net', addresses: addresses('10.0.0.2', 'fd00::2') },
    { names: ['db', 'www'], network: 'net', addresses: addresses('10.0.0.3') },
  ],
};

function ask(name: string, type: number, edns = false): Buffer {
  const header = Buffer.from([0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, edns ? 1 : 0]);
  const tail = Buffer.from([0, type, 0, 1]);
  const opt = Buffer.from([0, 0, 41, 16, 0, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([header, encodeName(name), tail, ...(edns ? [opt] : [])]);
}

function read(message: Buffer): Query {
  const query = parseQuery(message);
  assert.ok(query);
  return query;
}

const told = (name: string, type: number = TYPE.A, turn = 0, where = zone): string => {
  const found = reply(read(ask(name, type)), where, turn);
  return found.kind === 'answers'
    ? found.answers.map(({ data }) => Buffer.from(data).toString('hex')).join(' ')
    : found.kind;
};

describe('answers', () => {
  test('by name, alias, with the network behind, in any letters', () => {
    for (const name of ['web', 'WEB', 'web.net']) assert.equal(told(name), '0a000002');
    assert.equal(told('db', TYPE.AAAA), '');
    assert.equal(told('web', TYPE.AAAA), 'fd000000000000000000000000000002');
  });

  test('several addresses take turns', () => {
    assert.equal(told('www', TYPE.A, 0), '0a000002 0a000003');
    assert.equal(told('www', TYPE.A, 1), '0a000003 0a000002');
  });

  test('addresses have names', () => {
    assert.equal(told('2.0.0.10.in-addr.arpa', TYPE.PTR), encodeName('web.net').toString('hex'));
    assert.equal(told('9.0.0.10.in-addr.arpa', TYPE.PTR), 'forward');
    const six = `2${'.0'.repeat(27)}.0.0.d.f.ip6.arpa`;
    assert.equal(told(six, TYPE.PTR), encodeName('web.net').toString('hex'));
  });

  test('the rest is asked outside, or unknown where there is no outside', () => {
    assert.equal(told('example.com'), 'forward');
    assert.equal(told('example.com', TYPE.A, 0, { ...zone, outside: false }), 'unknown');
  });
});

describe('messages', () => {
  test('question and answer', () => {
    const query = read(ask('Web.net', TYPE.A, true));
    assert.deepEqual([query.id, query.name, query.type, query.edns, query.limit], [0x1234, 'web.net', 1, true, 4096]);
    const answer = response(query, 0, [{ type: TYPE.A, data: Uint8Array.of(10, 0, 0, 2) }], 600, query.limit);
    assert.equal(
      answer.toString('hex'),
      `12348180000100010000000103576562036e6574000001 0001 c00c00010001000002580004 0a000002 0000291000000000000000`
        .replaceAll(' ', '')
        .replace('0357656203', '0357656203'),
    );
  });

  test('what does not fit is cut off and said so', () => {
    const many = Array.from({ length: 100 }, () => ({ type: TYPE.A, data: Uint8Array.of(1, 2, 3, 4) }));
    const query = read(ask('a', TYPE.A));
    const answer = response(query, 0, many, 1, query.limit);
    assert.ok(answer.length <= 512 && (answer.readUInt16BE(2) & 0x200) !== 0);
    assert.equal(response(query, 0, many, 1).readUInt16BE(6), 100);
  });

  test('responses, two questions and pointers are not answered', () => {
    const plain = ask('a', TYPE.A);
    const changed = (at: number, value: number): Buffer => {
      const copy = Buffer.from(plain);
      copy[at] = value;
      return copy;
    };
    assert.equal(parseQuery(changed(2, 0x80)), undefined);
    assert.equal(parseQuery(changed(5, 2)), undefined);
    assert.equal(parseQuery(changed(12, 0xc0)), undefined);
  });

  test('torn messages never throw', () => {
    const whole = ask('some.name.example', TYPE.A, true);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(40), (noise, keep) => {
        const query = parseQuery(Buffer.concat([whole.subarray(0, keep), noise]));
        if (query) response(query, 0, [], 0, query.limit);
      }),
      { numRuns: 2000 },
    );
  });
});
