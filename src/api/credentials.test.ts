// Credentials in headers of requests.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { credentialsOf, registryConfigOf } from './credentials.ts';

const header = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

test('users S5: a build knows the credentials of each registry by the name that images have', () => {
  const of = registryConfigOf({
    'x-registry-config': header({
      'https://index.docker.io/v1/': { username: 'hub', password: 'h' },
      'localhost:5000': { auth: Buffer.from('ada:se:cret').toString('base64') },
      'https://reg.example/v2/': { identitytoken: 'again' },
      broken: 7,
    }),
  });
  assert.deepEqual(of('docker.io'), { username: 'hub', password: 'h' });
  assert.deepEqual(of('localhost:5000'), { username: 'ada', password: 'se:cret' });
  assert.deepEqual(of('reg.example'), { identityToken: 'again' });
  for (const other of ['broken', 'elsewhere', 'constructor']) assert.deepEqual(of(other), {});
  assert.deepEqual(registryConfigOf({ 'x-registry-config': '!' })('docker.io'), {});
  assert.deepEqual(credentialsOf({ 'x-registry-auth': header({ username: 'u', password: 'p' }) }), {
    username: 'u',
    password: 'p',
  });
});
