import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parsePullLimit, tlsPair } from './serve-settings.ts';

test('a certificate is refused that is none, or not the one of its key', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-tls-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const at = (name: string): string => join(folder, name);
  for (const name of ['a', 'b'])
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-subj',
        '/CN=hub',
        '-keyout',
        at(`${name}.key`),
        '-out',
        at(`${name}.pem`),
      ],
      { stdio: 'ignore' },
    );
  writeFileSync(at('none.pem'), 'no certificate');
  assert.ok(tlsPair(at('a.pem'), at('a.key'))?.().cert);
  assert.throws(() => tlsPair(at('a.pem'), at('b.key'))?.(), /are no certificate with its key: .*mismatch/);
  assert.throws(() => tlsPair(at('none.pem'), at('a.key'))?.(), /are no certificate with its key/);
  assert.throws(() => tlsPair(at('gone.pem'), at('a.key'))?.(), /ENOENT/);
  assert.throws(() => tlsPair(at('a.pem'), ''), /belong together/);
  assert.equal(tlsPair('', ''), undefined);
});

test('a limit of pulls is a count and seconds', () => {
  assert.deepEqual(parsePullLimit('100/3600'), { pulls: 100, seconds: 3600 });
  assert.equal(parsePullLimit(''), undefined);
  for (const text of ['100', '0/1', '1/0', '-1/5', '1/2/3'])
    assert.throws(() => parsePullLimit(text), /is wanted/, text);
});
