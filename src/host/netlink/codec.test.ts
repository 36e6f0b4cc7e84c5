// Golden bytes of requests, and answers read back.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { attribute, attributes, decode, encode, NLM, nested, readError, textOf } from './codec.ts';
import {
  addressRequest,
  bridgeRequest,
  macBytes,
  macText,
  readLink,
  RTM,
  routeRequest,
  vethRequest,
} from './routing.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');

describe('netlink codec', () => {
  test('attributes are padded to four bytes and read back', () => {
    const bytes = Buffer.concat([attribute(3, 'br0'), attribute(4, 1500), attribute(1, Uint8Array.of(1, 2, 3))]);
    assert.deepEqual(bytes, hex('0800 0300 62723000 0800 0400 dc050000 0700 0100 010203 00'));
    const found = attributes(bytes);
    assert.equal(textOf(found.get(3)), 'br0');
    assert.equal(found.get(4)?.readUInt32LE(0), 1500);
    assert.deepEqual(found.get(1), Buffer.of(1, 2, 3));
  });

  test('the flag of a nested attribute is no part of its type', () => {
    assert.deepEqual([...attributes(nested(18, [attribute(1, 7)])).keys()], [18]);
  });

  test('a cut-off datagram gives what is whole', () => {
    const message = encode({ type: 16, flags: 5, body: [Buffer.from('abcd')] }, 9);
    assert.deepEqual(
      decode(Buffer.concat([message, message.subarray(0, 10)])).map((one) => one.sequence),
      [9],
    );
    assert.deepEqual(decode(Buffer.from([255, 255, 255, 255])), []);
    assert.deepEqual(attributes(hex('ffff0100')), new Map());
  });

  test('an error has an errno and the words of the kernel', () => {
    const payload = Buffer.concat([hex('efffffff'), Buffer.alloc(16), attribute(1, 'no such thing')]);
    assert.deepEqual(readError(payload), { errno: 17, words: 'no such thing' });
  });

  test('a bridge, an address, a route', () => {
    const bridge = bridgeRequest({ name: 'b0', up: true });
    assert.equal(bridge.flags, NLM.REQUEST | NLM.ACK | NLM.CREATE | NLM.EXCL);
    assert.deepEqual(
      Buffer.concat(bridge.body),
      hex('00000000 00000000 01000000 01000000 0700 0300 62300000 1000 1280 0a00 0100 627269646765 0000'),
    );
    const address = addressRequest(5, Uint8Array.of(10, 0, 0, 9), 24);
    assert.deepEqual(
      Buffer.concat(address.body),
      hex('02188000 05000000 08000200 0a000009 08000100 0a000009 08000400 0a0000ff'),
    );
    const route = routeRequest({ gateway: Uint8Array.of(10, 0, 0, 1), link: 5 });
    assert.deepEqual(Buffer.concat(route.body), hex('02000000 fe030001 00000000 08000500 0a000001 08000400 05000000'));
  });

  test('a veth says where its peer goes', () => {
    const request = vethRequest(
      { name: 'v0', master: 3, up: true },
      { name: 'eth0', mac: '02:42:00:00:00:01', namespace: 21 },
    );
    const link = readLink({ type: RTM.NEWLINK, sequence: 0, port: 0, payload: Buffer.concat(request.body) });
    assert.deepEqual(
      { name: link.name, kind: link.kind, master: link.master, up: link.up },
      { name: 'v0', kind: 'veth', master: 3, up: true },
    );
    assert.equal(macText(macBytes('02-42-00-00-00-01')), '02:42:00:00:00:01');
  });
});
