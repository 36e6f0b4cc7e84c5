// Which requests have their connection taken over.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isTakenOver, MAX_BODY } from './takeover.ts';

const taken = (url: string, headers: Record<string, string> = {}, method = 'POST'): boolean =>
  isTakenOver({ method, url, headers });

test('attach and the start of an exec are taken over, with and without a version and an upgrade', () => {
  for (const url of ['/containers/a/attach', '/v1.41/containers/a/attach?stdin=1', '/v1.51/exec/e/start'])
    assert.ok(taken(url) && taken(url, { 'content-length': '2', upgrade: 'tcp' }), url);
  for (const url of ['/containers/a/start', '/containers/attach', '/exec/e/resize', '/v1.51/containers/a/attach/ws'])
    assert.ok(!taken(url), url);
  assert.ok(!taken('/containers/a/attach', {}, 'GET'));
});

test('a body in chunks, a long one and one that waits are left to the parser', () => {
  const headers = [
    { 'transfer-encoding': 'chunked' },
    { expect: '100-continue' },
    { 'content-length': `${MAX_BODY + 1}` },
  ];
  for (const one of headers) assert.ok(!taken('/exec/e/start', one), JSON.stringify(one));
});
