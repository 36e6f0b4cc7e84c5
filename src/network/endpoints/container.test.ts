import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namesInHosts } from './container.ts';

test('/etc/hosts has the whole name and the short one, as dockerd writes it', () => {
  assert.deepEqual(namesInHosts({ hostname: 'web', domainname: '' }), ['web']);
  assert.deepEqual(namesInHosts({ hostname: 'web', domainname: 'example.org' }), ['web.example.org', 'web']);
  assert.deepEqual(namesInHosts({ hostname: 'web.example.org', domainname: '' }), ['web.example.org', 'web']);
  assert.deepEqual(namesInHosts({ hostname: 'web.a', domainname: 'b.c' }), ['web.a.b.c', 'web']);
});
