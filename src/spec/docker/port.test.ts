import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byKnownPort, knownPorts, parsePort, portKey, portKeys } from './port.ts';

test('users E1: a port is read, lowered and completed in one way', () => {
  const read = (text: string): string | undefined => {
    const port = parsePort(text);
    return port && portKey(port);
  };
  for (const [text, key] of [
    ['80', '80/tcp'],
    ['80/', '80/tcp'],
    ['080/tcp', '80/tcp'],
    ['53/UDP', '53/udp'],
    ['80/Sctp', '80/sctp'],
    ['0/tcp', '0/tcp'],
    ['65535', '65535/tcp'],
  ])
    assert.equal(read(text as string), key);
});

test('users E1: what is no port is none', () => {
  const bad = '70000/tcp 65536 80/icmp 80/tcp: banana 80/tcp/ 80/TCP/ /tcp -1/tcp +80/tcp 0x50/tcp 8e1 80:80 ٣/tcp 1.5';
  for (const text of ['', ' 80', '80 /tcp', '80/ tcp', ...bad.split(' ')])
    assert.equal(parsePort(text), undefined, text);
  for (const text of ['80-82', '80-80/tcp']) assert.equal(parsePort(text), undefined, text);
  for (const text of ['82-80', '1-70000/tcp', '80-', '-80', '80-82-84', '80-82/icmp'])
    assert.equal(portKeys(text), undefined, text);
});

test('users E1: of what others wrote, ranges are spread and what is no port is left out', () => {
  assert.deepEqual(knownPorts({ '80-81/UDP': {}, banana: {}, '70000/tcp': {}, '9': {} }), {
    '80/udp': {},
    '81/udp': {},
    '9/tcp': {},
  });
  assert.deepEqual(knownPorts(null), {});
  assert.deepEqual(byKnownPort({ '53/UDP': 1, '80-81/tcp': 2, '80/icmp': 3 }), { '53/udp': 1 });
});
