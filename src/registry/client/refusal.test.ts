import assert from 'node:assert/strict';
import { test } from 'node:test';
import { networkError, refusal } from './refusal.ts';

const url = new URL('https://reg.example/v2/x/manifests/1');

test('what a registry refuses with, in the words of dockerd', () => {
  const said = (status: number, text: string, challenge?: string): string =>
    refusal('GET', url, { status, header: (name) => (name === 'www-authenticate' ? challenge : undefined) }, text)
      .message;
  assert.equal(said(404, '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"gone"}]}'), 'manifest unknown: gone');
  assert.equal(
    said(401, '', 'Bearer realm="x",error="insufficient_scope"'),
    'denied: requested access to the resource is denied',
  );
  assert.equal(said(401, '', 'Basic realm="x"'), 'unauthorized: authentication required');
  assert.equal(said(403, 'not you\n'), 'denied: not you');
  assert.equal(said(400, '{"details":"too odd"}'), 'unknown: too odd');
  assert.equal(said(404, '<html>'), 'Get "https://reg.example/v2/x/manifests/1": unexpected status: 404');
  assert.equal(said(502, '<html>'), 'received unexpected HTTP status: 502 Bad Gateway');
  // more than dockerd tells
  assert.equal(
    said(503, '{"errors":[{"code":"UNAVAILABLE","message":"later"}]}'),
    'received unexpected HTTP status: 503 Service Unavailable (unavailable: later)',
  );
});

test('a certificate for other names says for which', () => {
  const said = (host: string, subjectaltname?: string): string => {
    const error = Object.assign(new Error('x'), { code: 'ERR_TLS_CERT_ALTNAME_INVALID', cert: { subjectaltname } });
    return networkError('GET', new URL(`https://${host}/v2/`), error).message.split('x509: ')[1] ?? '';
  };
  assert.equal(
    said('a.example', 'DNS:b.example, DNS:c.example, IP Address:10.0.0.1'),
    'certificate is valid for b.example, c.example, not a.example',
  );
  assert.equal(
    said('a.example', 'IP Address:10.0.0.1'),
    'certificate is not valid for any names, but wanted to match a.example',
  );
  assert.equal(
    said('10.0.0.2', 'DNS:b.example'),
    "cannot validate certificate for 10.0.0.2 because it doesn't contain any IP SANs",
  );
});
