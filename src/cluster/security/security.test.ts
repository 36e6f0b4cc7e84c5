import assert from 'node:assert/strict';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { bearerOf, issue, newAuthority, newKeyPair } from './authority.ts';
import { newSealKey, seal, unseal } from './seal.ts';
import { digestOf, newToken, rootDigest, sameToken } from './token.ts';

const subject = { node: 'n1', role: 'manager', cluster: 'c1', addresses: ['10.0.0.1'], expiryMs: 3600_000 } as const;

test('a certificate names node, role, cluster and address, and is of its authority only', async () => {
  const [ours, other] = await Promise.all([newAuthority(), newAuthority()]);
  const { publicKey } = newKeyPair();
  const certificate = new X509Certificate(await issue(ours, { ...subject, publicKey }));
  assert.deepEqual(bearerOf(certificate), { node: 'n1', role: 'manager', cluster: 'c1' });
  assert.match(certificate.subjectAltName ?? '', /IP Address:10\.0\.0\.1/);
  const [root, stranger] = [new X509Certificate(ours.certificate), new X509Certificate(other.certificate)];
  assert.ok(certificate.checkIssued(root) && certificate.verify(root.publicKey));
  assert.equal(certificate.verify(stranger.publicKey), false);
  assert.equal(certificate.ca, false);
});

test('nothing but a P-256 key is signed', async () => {
  const authority = await newAuthority();
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' });
  for (const publicKey of ['', 'nonsense', rsa.toString()])
    await assert.rejects(async () => issue(authority, { ...subject, publicKey }), /not one of P-256/);
});

test('a token names its root, and two tokens of one root differ', () => {
  const root = Buffer.from('root');
  const [a, b] = [newToken(root), newToken(root)];
  assert.match(a, /^SWMTKN-1-[0-9a-z]{50}-[0-9a-z]{25}$/);
  assert.equal(digestOf(a), rootDigest(root));
  assert.ok(sameToken(a, a) && !sameToken(a, b));
  assert.throws(() => digestOf('SWMTKN-1-a-b'), /invalid join token/);
});

test('what is sealed opens with its key and for its subject only', () => {
  const key = newSealKey();
  const sealed = seal(key, 'secret1', Buffer.from('text'));
  assert.equal(unseal(key, 'secret1', sealed).toString(), 'text');
  assert.throws(() => unseal(key, 'secret2', sealed), /sealed with another key/);
  assert.throws(() => unseal(newSealKey(), 'secret1', sealed), /sealed with another key/);
});
