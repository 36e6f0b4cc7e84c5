// The lines and variables of a link.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linkHosts, linkVariables, parseLink } from './links.ts';

const other = {
  hostname: 'host',
  id: 'ab'.repeat(32),
  name: 'store',
  address: '10.0.0.2',
  exposed: ['7000/tcp', '53/udp'],
  environment: ['PATH=/bin', 'MODE=fast'],
};

test('a link is read in all its forms', () => {
  assert.deepEqual(parseLink('store'), { name: 'store', alias: 'store' });
  assert.deepEqual(parseLink('/store:/own/db'), { name: 'store', alias: 'db' });
});

test('hosts line and variables', () => {
  assert.deepEqual(linkHosts('db', other), { ip: '10.0.0.2', names: ['db', 'host', 'store'] });
  assert.deepEqual(linkVariables('my-db', 'own', other), [
    'MY_DB_PORT=udp://10.0.0.2:53',
    'MY_DB_PORT_53_UDP=udp://10.0.0.2:53',
    'MY_DB_PORT_53_UDP_ADDR=10.0.0.2',
    'MY_DB_PORT_53_UDP_PORT=53',
    'MY_DB_PORT_53_UDP_PROTO=udp',
    'MY_DB_PORT_7000_TCP=tcp://10.0.0.2:7000',
    'MY_DB_PORT_7000_TCP_ADDR=10.0.0.2',
    'MY_DB_PORT_7000_TCP_PORT=7000',
    'MY_DB_PORT_7000_TCP_PROTO=tcp',
    'MY_DB_NAME=/own/my-db',
    'MY_DB_ENV_MODE=fast',
  ]);
});
