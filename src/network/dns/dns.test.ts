// Names answered, forwarded or unknown; messages read whole, cut off, and torn by chance.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { addressFrom, parseAddress, parseBlock } from '../../base/address.ts';
import { reply, zoneOf } from './answer.ts';
import { answers, encodeName, type Query, readQuery, response, TYPE } from './wire.ts';

const addresses = (...texts: string[]) => texts.map((text) => parseAddress(text)).filter((one) => one !== undefined);
const blocks = ['10.0.0.0/24'].map((text) => parseBlock(text)).filter((one) => one !== undefined);
const request: Parameters<typeof zoneOf>[0] = {
  outside: true,
  blocks,
  bareStaysInside: false,
  networks: [
    {
      name: 'net',
      members: [
        { names: ['web', 'www'], addresses: addresses('10.0.0.2', 'fd00::2') },
        { names: ['db', 'www'], addresses: addresses('10.0.0.3') },
      ],
    },
  ],
};

function ask(name: string, type: number, edns = false): Buffer {
  const header = Buffer.from([0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, edns ? 1 : 0]);
  const tail = Buffer.from([0, type, 0, 1]);
  const opt = Buffer.from([0, 0, 41, 16, 0, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([header, encodeName(name), tail, ...(edns ? [opt] : [])]);
}

function read(message: Buffer): Query {
  const found = readQuery(message);
  assert.ok(found.kind === 'query');
  return found.query;
}

const notified = (name: string, type: number = TYPE.A, turn = 0, where = request): string => {
  const found = reply(read(ask(name, type)), zoneOf(where), turn);
  return found.kind === 'answers'
    ? found.answers.map(({ data }) => Buffer.from(data).toString('hex')).join(' ')
    : found.kind;
};

describe('answers', () => {
  test('by name, alias, with the network behind, in any letters', () => {
    for (const name of ['web', 'WEB', 'web.net']) assert.equal(notified(name), '0a000002');
    assert.equal(notified('db', TYPE.AAAA), '');
    assert.equal(notified('web', TYPE.AAAA), 'fd000000000000000000000000000002');
  });

  test("ports with names, and for how long a network's names hold", () => {
    const ports = [{ label: '_http._tcp', targets: [{ name: 'web.1', port: 8080 }] }];
    const members = [{ names: ['web'], addresses: addresses('10.0.0.2'), ports }];
    const zone = zoneOf({ ...request, networks: [{ name: 'far', ttl: 1, members }] });
    for (const name of ['_http._tcp.web', '_HTTP._tcp.web.far']) {
      const query = read(ask(name, TYPE.SRV));
      const found = reply(query, zone, 0);
      assert.ok(found.kind === 'answers');
      const [one] = found.answers;
      assert.equal(Buffer.from(one?.data ?? []).toString('latin1'), '\0\0\0\0\x1f\x90\x03web\x011\x03far\0');
      assert.equal(response(query, 0, found.answers, 600).readUInt32BE(12 + query.question.length + 6), 1);
    }
    assert.equal(notified('_http._tcp.web', TYPE.SRV), 'forward');
  });

  test('several addresses take turns', () => {
    assert.equal(notified('www', TYPE.A, 0), '0a000002 0a000003');
    assert.equal(notified('www', TYPE.A, 1), '0a000003 0a000002');
  });

  test('a name that several networks know is answered by the first that has such an address', () => {
    const other = {
      name: 'other',
      members: [{ names: ['db', 'www', 'far'], addresses: addresses('10.0.1.3', 'fd01::3') }],
    };
    const both = { ...request, networks: [...request.networks, other] };
    assert.equal(notified('www', TYPE.A, 0, both), '0a000002 0a000003', 'nobody is counted twice');
    assert.equal(notified('db', TYPE.A, 0, both), '0a000003');
    assert.equal(notified('db.other', TYPE.A, 0, both), '0a000103');
    assert.equal(notified('far', TYPE.A, 0, both), '0a000103');
    assert.equal(notified('db', TYPE.AAAA, 0, both), 'fd010000000000000000000000000003');
    assert.equal(notified('db', TYPE.A, 0, { ...request, networks: both.networks.toReversed() }), '0a000103');
  });

  test('addresses have names', () => {
    assert.equal(notified('2.0.0.10.in-addr.arpa', TYPE.PTR), encodeName('web.net').toString('hex'));
    assert.equal(notified('9.0.0.10.in-addr.arpa', TYPE.PTR), 'unknown', 'who is not on the network is nobody');
    assert.equal(notified('9.0.0.11.in-addr.arpa', TYPE.PTR), 'forward');
    const six = `2${'.0'.repeat(27)}.0.0.d.f.ip6.arpa`;
    assert.equal(notified(six, TYPE.PTR), encodeName('web.net').toString('hex'));
  });

  test('users S10: the rest is asked outside, and unreachable where there is no outside', () => {
    assert.equal(notified('example.com'), 'forward');
    const bare = { ...request, bareStaysInside: true };
    assert.deepEqual([notified('intranet', TYPE.A, 0, bare), notified('a.b', TYPE.A, 0, bare)], ['', 'forward']);
    assert.equal(notified('example.com', TYPE.A, 0, { ...request, outside: false }), 'unreachable');
    for (const type of [15, 16, 33, 65])
      assert.equal(notified('web', type), '', 'what is known here is not asked elsewhere');
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

  test('what is no question is refused or not answered', () => {
    const plain = ask('a', TYPE.A);
    const notified = (...changes: [number, number][]): string => {
      const copy = Buffer.from(plain);
      for (const [at, value] of changes) copy[at] = value;
      const found = readQuery(copy);
      return found.kind === 'refused' ? `code ${(found.answer[3] ?? 0) & 15}` : found.kind;
    };
    assert.equal(notified([2, 0x80]), 'ignored', 'a response');
    assert.equal(notified([2, 0x28]), 'code 4', 'an update');
    assert.equal(notified([5, 0]), 'code 1', 'no question');
    assert.equal(notified([5, 2]), 'code 1', 'two questions');
    assert.equal(notified([12, 0xc0]), 'code 1', 'a pointer to itself');
    assert.equal(notified([18, 3]), 'code 5', 'the class of Chaosnet');
    const version = Buffer.from(ask('a', TYPE.A, true));
    version[version.length - 5] = 1;
    const found = readQuery(version);
    assert.equal(found.kind === 'refused' && found.answer.at(-6), 1, 'BADVERS');
  });

  test('an answer is taken for its own question alone', () => {
    const question = ask('Example.com', TYPE.A);
    const answer = (change: (bytes: Buffer) => void): boolean => {
      const bytes = response(read(question), 0, [], 0);
      change(bytes);
      return answers(bytes, question);
    };
    assert.ok(answer(() => undefined));
    assert.ok(answer((bytes) => bytes.write('eXAMPLE', 13)));
    assert.ok(!answer((bytes) => bytes.writeUInt16BE(1, 0)));
    assert.ok(!answer((bytes) => bytes.write('other', 13)));
    assert.ok(!answers(question, question), 'the question is no answer');
  });

  const name = fc
    .array(fc.stringMatching(/^[a-zA-Z0-9_-]{1,63}$/), { minLength: 1, maxLength: 4 })
    .map((labels) => labels.join('.'))
    .filter((text) => text.length <= 250);

  test('fault N51: torn messages never throw, and no answer is longer than was asked for', () => {
    const whole = ask('some.name.example', TYPE.A, true);
    const noise = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      fc.tuple(fc.nat(66_000), fc.nat(255)).map(([length, byte]) => new Uint8Array(length).fill(byte)),
    );
    fc.assert(
      fc.property(noise, fc.nat(40), fc.nat(60), (bytes, keep, many) => {
        const message = Buffer.concat([whole.subarray(0, keep), bytes]);
        const found = readQuery(message);
        if (found.kind === 'refused') {
          assert.ok(found.answer.length <= message.length + 11);
          assert.equal(found.answer.readUInt16BE(0), message.readUInt16BE(0));
          assert.equal(readQuery(found.answer).kind, 'ignored', 'two daemons do not talk to each other for ever');
        }
        if (found.kind !== 'query') return;
        const records = Array.from({ length: many }, () => ({ type: TYPE.A, data: Uint8Array.of(1, 2, 3, 4) }));
        assert.ok(response(found.query, 0, records, 0, found.query.limit).length <= 4096);
      }),
      { numRuns: 2000 },
    );
  });

  test('a name is read as it was written, whatever its letters', () => {
    fc.assert(
      fc.property(name, fc.constantFrom(1, 12, 28, 255), (text, type) => {
        const query = read(ask(text, type));
        assert.deepEqual([query.name, query.type], [text.toLowerCase(), type]);
        assert.deepEqual(query.question.subarray(0, -4), encodeName(text));
      }),
    );
  });

  test('who is in the zone is answered with exactly its addresses on one network, whoever else is there', () => {
    const member = fc.record({
      names: fc.array(name, { minLength: 1, maxLength: 3 }),
      addresses: fc.array(
        fc.uint8Array({ minLength: 4, maxLength: 4 }).map((bytes) => addressFrom(bytes)),
        { minLength: 1, maxLength: 3 },
      ),
    });
    const members = fc.array(member, { maxLength: 4 });
    fc.assert(
      fc.property(members, members, fc.nat(9), fc.boolean(), (first, second, turn, outside) => {
        const networks = [first, second].map((found, index) => ({
          name: ['net', 'Other'][index] ?? '',
          members: found.map((one) => ({ ...one, addresses: one.addresses.filter((x) => x !== undefined) })),
        }));
        const where = { networks, blocks, outside, bareStaysInside: false };
        for (const wanted of networks.flatMap((one) => one.members.flatMap(({ names }) => names))) {
          const called = ({ names }: { names: string[] }): boolean =>
            names.some((one) => one.toLowerCase() === wanted.toLowerCase());
          const expected = (networks.find((one) => one.members.some(called))?.members ?? [])
            .filter(called)
            .flatMap(({ addresses: all }) => all.map(({ value }) => value.toString(16).padStart(8, '0')));
          const got = notified(wanted, TYPE.A, turn, where).split(' ');
          assert.deepEqual(got.toSorted(), [...new Set(expected)].toSorted());
        }
      }),
      { numRuns: 200 },
    );
  });
});
