// Credentials for a registry, sealed with the service that they were given for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPullAuth, sealPullAuth } from './pull-auth.ts';
import { newSealKey } from './seal.ts';

const key = newSealKey();
const credentials = { username: 'ada', password: 'secret' };

test('credentials come back for the same registry, under any name there', () => {
  const sealed = sealPullAuth(key, 's1', 'hub.example:5000/a:1', credentials);
  assert.doesNotMatch(Buffer.from(sealed ?? '', 'base64').toString('latin1'), /secret/);
  assert.deepEqual(openPullAuth(key, 's1', 'hub.example:5000/b@sha256:12', sealed), credentials);
});

test('another registry is not shown them, though the service is the same', () => {
  const sealed = sealPullAuth(key, 's1', 'hub.example:5000/a:1', credentials);
  assert.equal(openPullAuth(key, 's1', 'elsewhere.example/a:1', sealed), undefined);
  assert.equal(openPullAuth(key, 's1', 'a:1', sealed), undefined);
});

test('they do not open under another service', () => {
  const sealed = sealPullAuth(key, 's1', 'busybox', credentials);
  assert.throws(() => openPullAuth(key, 's2', 'busybox', sealed), /sealed with another key/);
});

test('credentials that say nothing are none', () => {
  assert.equal(sealPullAuth(key, 's1', 'busybox', {}), undefined);
  assert.equal(sealPullAuth(key, 's1', 'busybox', undefined), undefined);
  assert.equal(openPullAuth(key, 's1', 'busybox', undefined), undefined);
});
