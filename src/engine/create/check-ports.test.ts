import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImageConfig } from '../../spec/docker/index.ts';
import { normaliseCreate } from './normalise.ts';
import { specOf } from './spec.ts';
import { plainFacts } from './testing.ts';

const create = (body: object, image: ImageConfig = {}) =>
  normaliseCreate(specOf({ Image: 'x', Cmd: ['y'], ...body }), image, plainFacts(), 'c'.repeat(64));

test('users E1: ports of a create body are kept as they were meant, not as they were written', () => {
  const { config, hostConfig } = create({
    ExposedPorts: { '53/UDP': {}, '80': {} },
    HostConfig: {
      PortBindings: {
        '53/UDP': [{ HostPort: '8053/udp' }],
        '080': [{ HostPort: '1' }],
        '80/tcp': [{ HostPort: '2-3' }],
      },
    },
  });
  assert.deepEqual(config.ExposedPorts, { '53/udp': {}, '80/tcp': {} });
  assert.deepEqual(hostConfig.PortBindings, {
    '53/udp': [{ HostIp: '', HostPort: '8053' }],
    '80/tcp': [
      { HostIp: '', HostPort: '2-3' },
      { HostIp: '', HostPort: '1' },
    ].toReversed(),
  });
});

test('users E1: what is no port of the container or of the host is refused by name', () => {
  for (const [key, named] of [
    ['70000/tcp', '70000'],
    ['80-82/tcp', '80-82'],
    ['80/icmp', '80/icmp'],
    ['80/tcp:', '80/tcp:'],
    ['banana', 'banana'],
    ['', ''],
  ] as const) {
    const refusal = { kind: 'invalid', message: `invalid port specification: "${named}"` };
    assert.throws(() => create({ ExposedPorts: { [key]: {} } }), refusal);
    assert.throws(() => create({ HostConfig: { PortBindings: { [key]: [{ HostPort: '1' }] } } }), refusal);
  }
  const bind = (binding: object) => () => create({ HostConfig: { PortBindings: { '80/tcp': [binding] } } });
  for (const port of ['abc', '-1', '70000', '9-8', ' 80', '1-2-3'])
    assert.throws(bind({ HostPort: port }), { kind: 'invalid', message: `invalid port specification: "${port}"` });
  // dockerd takes these for every address of the host
  for (const ip of ['localhost', '[::1]', '300.1.1.1', 'fe80::1%eth0'])
    assert.throws(bind({ HostIp: ip, HostPort: '1' }), { kind: 'invalid', message: `invalid IP address: ${ip}` });
});

test('users E1: a container of an image with bad ports has the good ones', () => {
  const { config } = create({}, { ExposedPorts: { '53/UDP': {}, '70000/tcp': {}, banana: {}, '1-2/sctp': {} } });
  assert.deepEqual(config.ExposedPorts, { '53/udp': {}, '1/sctp': {}, '2/sctp': {} });
});
