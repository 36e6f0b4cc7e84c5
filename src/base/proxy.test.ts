import assert from 'node:assert/strict';
import { test } from 'node:test';
import { proxyFor, withoutCredentials } from './proxy.ts';

const through = (address: string, NO_PROXY = '') =>
  proxyFor(new URL(address), { HTTP_PROXY: 'http://plain:1', https_proxy: 'secure:2', NO_PROXY });

test('each scheme has its proxy; this machine needs none', () => {
  assert.equal(through('http://a.example/'), 'http://plain:1');
  assert.equal(through('https://a.example/'), 'http://secure:2');
  assert.equal(proxyFor(new URL('http://a.example/'), {}), undefined);
  for (const host of ['localhost:5000', '127.0.0.9', '[::1]']) assert.equal(through(`http://${host}/`), undefined);
});

test('what NO_PROXY names goes straight', () => {
  const rows: [entry: string, host: string, straight: boolean][] = [
    ['*', 'a.example', true],
    ['b.example, a.example', 'a.example', true],
    ['example', 'a.example', true],
    ['ample', 'a.example', false],
    ['.example', 'a.example', true],
    ['*.example', 'a.example', true],
    ['.a.example', 'a.example', false],
    ['a.example:5000', 'a.example:5000', true],
    ['a.example:5000', 'a.example', false],
    ['10.0.0.0/8', '10.1.2.3', true],
    ['10.0.0.0/8', '11.1.2.3', false],
    ['10.1.2.3', '10.1.2.3:5000', true],
    ['fd00::1', '[fd00::1]:5000', true],
    ['fd00::/8', '[fd00::1]', true],
  ];
  for (const [entry, host, straight] of rows)
    assert.equal(through(`https://${host}/`, entry) === undefined, straight, `${entry} for ${host}`);
});

test('passwords are not shown', () => {
  assert.equal(withoutCredentials('http://me:secret@proxy:1'), 'http://xxxxx:xxxxx@proxy:1');
  assert.equal(withoutCredentials('me:secret@proxy:1'), 'xxxxx:xxxxx@proxy:1');
  assert.equal(withoutCredentials('http://proxy:1'), 'http://proxy:1');
});
