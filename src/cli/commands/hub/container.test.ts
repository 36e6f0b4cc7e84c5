import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hubContainer, LABEL, parsePublish } from './container.ts';

test('where a hub is published is a port, on this machine unless another address is said', () => {
  assert.deepEqual(parsePublish('5000'), { address: '127.0.0.1', port: 5000 });
  assert.deepEqual(parsePublish('0.0.0.0:80'), { address: '0.0.0.0', port: 80 });
  assert.deepEqual(parsePublish('[::]:443'), { address: '::', port: 443 });
  for (const text of ['', 'host:80', '70000', '::1:80', '80:80', '-1'])
    assert.equal(parsePublish(text), undefined, text);
});

test('the container of a hub may write its volume and nothing else, and says what it was made from', () => {
  const settings = {
    image: 'berth-hub:1',
    volume: 'images',
    address: '127.0.0.1',
    port: 5000,
    isOpen: false,
    certificate: 'c0ffee',
    more: ['--no-delete'],
  };
  const { Cmd, HostConfig, Labels } = hubContainer(settings);
  assert.deepEqual(Cmd, [
    'serve',
    '--listen',
    ':5000',
    '--tls-cert',
    '/var/lib/berth/hub/tls/cert.pem',
    '--tls-key',
    '/var/lib/berth/hub/tls/key.pem',
    '--no-delete',
  ]);
  assert.deepEqual(HostConfig?.Mounts, [{ Type: 'volume', Source: 'images', Target: '/var/lib/berth/hub' }]);
  assert.equal(HostConfig?.ReadonlyRootfs, true);
  assert.deepEqual(HostConfig?.CapDrop, ['ALL']);
  assert.deepEqual(JSON.parse(Labels?.[LABEL] ?? ''), settings);
});
