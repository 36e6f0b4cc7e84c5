import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cleanPath, originForm } from './path.ts';

test('a clean path stays, also with escapes and dots in names', () => {
  for (const path of [
    '/',
    '/info',
    '/images/docker.io%2Flib%2Fa.b/json',
    '/containers/.x/json',
    '/containers/a%20b/json',
  ])
    assert.equal(cleanPath(path), undefined, path);
});

test('fault A25: what is not clean is sent to where it leads', () => {
  for (const [path, clean] of [
    ['//containers/json', '/containers/json'],
    ['/v1.41/../containers/json', '/containers/json'],
    ['/v1.41/%2e%2e/containers/json', '/containers/json'],
    ['/containers/..%2f..%2fetc/json', '/etc/json'],
    ['/containers/./a b/json', '/containers/a%20b/json'],
    ['/../../x', '/x'],
  ])
    assert.equal(cleanPath(path ?? ''), clean, path);
});

test('fault A25: a broken escape is refused', () => {
  assert.throws(() => cleanPath('/containers/%zz/json'), { kind: 'invalid' });
});

test('the absolute form of a request line is taken', () => {
  assert.equal(originForm('http://berth/info?a=1'), '/info?a=1');
  assert.equal(originForm('/info'), '/info');
});
