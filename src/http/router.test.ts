import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRouter, type Route } from './router.ts';

const find = createRouter<Route>([
  { method: 'GET', path: '/v2/' },
  { method: 'GET', path: '/v2/{name+}/blobs/{digest}' },
  { method: 'POST', path: '/v2/{name+}/blobs/uploads/' },
  { method: 'DELETE', path: '/v2/{name+}/blobs/{digest}' },
]);

test('a parameter of several segments takes all between what stands around it', () => {
  const match = find('GET', '/v2/a/blobs/b/blobs/sha256:1');
  assert.deepEqual(match.kind === 'found' && match.params, { name: 'a/blobs/b', digest: 'sha256:1' });
});

test('HEAD is served by the row of GET, and another method says which there are', () => {
  assert.equal(find('HEAD', '/v2/').kind, 'found');
  assert.deepEqual(find('PUT', '/v2/a/blobs/x'), { kind: 'method', allow: ['GET', 'HEAD', 'DELETE'] });
  assert.deepEqual(find('GET', '/v3/'), { kind: 'none' });
});

test('an empty segment is no parameter, and a broken escape is refused', () => {
  assert.equal(find('GET', '/v2/a/blobs/').kind, 'none');
  assert.throws(() => find('GET', '/v2/a/blobs/%zz'), URIError);
});
