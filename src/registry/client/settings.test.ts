import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseChallenges } from './challenge.ts';
import { chooseManifest } from './choose.ts';
import { searchFilter, splitTerm } from './search.ts';
import { checkMirror, endpointsOf, hostOf, isInsecure } from './settings.ts';
import { parseRetryAfter, waitBefore, NetworkError, RefusedError } from './refusal.ts';

test('mirrors of any registry come before the registry', () => {
  const settings = { mirrors: { 'docker.io': ['https://m.example/hub/v2/'], 'ghcr.io': ['http://127.0.0.1:5000'] } };
  assert.deepEqual(
    endpointsOf('docker.io', settings).map(({ host, prefix, scheme, mirror }) => [host, prefix, scheme, mirror]),
    [
      ['m.example', '/hub', 'https', true],
      ['registry-1.docker.io', '', undefined, false],
    ],
  );
  assert.deepEqual(
    endpointsOf('ghcr.io', settings).map(({ host }) => host),
    ['127.0.0.1:5000', 'ghcr.io'],
  );
  assert.deepEqual(endpointsOf('quay.io', settings).length, 1);
  assert.equal(checkMirror('https://m.example'), 'https://m.example/');
  assert.throws(() => checkMirror('ftp://m'), /unsupported scheme "ftp"/);
  assert.throws(() => checkMirror('https://a:b@m'), /username\/password not allowed/);
  assert.throws(() => checkMirror('m'), /is not a valid URI/);
});

test('who may be spoken to without TLS', () => {
  assert.equal(hostOf('https://index.docker.io/v1/'), 'registry-1.docker.io');
  assert.equal(hostOf('reg.example:5000/x'), 'reg.example:5000');
  const insecure = ['reg.example:5000', '10.0.0.0/8', 'fd00::/8'];
  assert.equal(isInsecure('127.9.0.1:5000', []), true);
  assert.equal(isInsecure('[::1]:5000', []), true);
  assert.equal(isInsecure('localhost:5000', [], ['127.0.0.1']), true);
  assert.equal(isInsecure('reg.example:5000', []), false);
  assert.equal(isInsecure('reg.example:5000', insecure), true);
  assert.equal(isInsecure('reg.example:5001', insecure), false);
  assert.equal(isInsecure('10.1.2.3', insecure), true);
  assert.equal(isInsecure('11.1.2.3', insecure), false);
  assert.equal(isInsecure('inside.example', insecure, ['10.9.9.9']), true);
  assert.equal(isInsecure('[fd12::1]:5000', insecure), true);
  assert.equal(isInsecure('[fe80::1]:5000', insecure), false);
});

test('challenges as registries write them', () => {
  const read = (header: string): unknown =>
    parseChallenges(header).map(({ scheme, parameters }) => [scheme, { ...parameters }]);
  assert.deepEqual(read('Bearer realm="https://a/b",service="s",scope="repository:x:pull,push"'), [
    ['bearer', { realm: 'https://a/b', service: 's', scope: 'repository:x:pull,push' }],
  ]);
  assert.deepEqual(read('Basic realm="a \\"b\\"", Bearer realm=x'), [
    ['basic', { realm: 'a "b"' }],
    ['bearer', { realm: 'x' }],
  ]);
  assert.deepEqual(read(''), []);
  assert.deepEqual(read('Bearer realm="open'), [['bearer', {}]]);
});

test('the best manifest for a platform', () => {
  const one = (architecture: string, variant?: string, os = 'linux'): Parameters<typeof chooseManifest>[0][number] => ({
    mediaType: 'm',
    digest: `${architecture}${variant ?? ''}${os}`,
    size: 1,
    platform: { architecture, os, ...(variant ? { variant } : {}) },
  });
  const choose = (list: readonly ReturnType<typeof one>[], architecture: string, variant?: string): string =>
    chooseManifest(list, { os: 'linux', architecture, ...(variant ? { variant } : {}) }).digest;
  const arms = [one('arm', 'v5'), one('arm', 'v7'), one('arm', 'v6'), one('arm64', 'v8'), one('amd64')];
  assert.equal(choose(arms, 'arm', 'v7'), 'armv7linux');
  assert.equal(choose(arms.slice(0, 1).concat(arms.slice(2)), 'arm', 'v7'), 'armv6linux');
  assert.equal(choose(arms, 'arm64'), 'arm64v8linux');
  assert.equal(choose([one('386'), one('amd64')], 'amd64'), 'amd64linux');
  assert.throws(
    () =>
      choose(
        [
          one('amd64', undefined, 'windows'),
          { ...one('unknown'), platform: { os: 'unknown', architecture: 'unknown' } },
        ],
        'amd64',
      ),
    /no matching manifest for linux\/amd64 in the manifest list entries/,
  );
});

test('how long is waited before the next try', () => {
  const limits = { attempts: 5, backoff: 1000, longestWait: 60_000 };
  const broken = new NetworkError('x', 'ECONNRESET', true);
  assert.deepEqual(
    [1, 2, 3, 4, 5].map((attempt) => waitBefore(broken, attempt, limits)),
    [1000, 2000, 4000, 8000, undefined],
  );
  assert.equal(waitBefore(new NetworkError('x', 'CERT', false), 1, limits), undefined);
  assert.equal(waitBefore(new RefusedError('notFound', 'x', 404, ''), 1, limits), undefined);
  assert.equal(waitBefore(new RefusedError('exhausted', 'x', 429, '', 7000), 1, limits), 7000);
  assert.equal(waitBefore(new RefusedError('exhausted', 'x', 429, '', 7_000_000), 1, limits), undefined);
  assert.equal(waitBefore(new Error('x'), 1, limits), undefined);
  assert.equal(parseRetryAfter('12', 0), 12_000);
  assert.equal(parseRetryAfter('Thu, 01 Jan 1970 00:00:09 GMT', 4000), 5000);
  assert.equal(parseRetryAfter('soon', 0), undefined);
});

test('what a search asks, and of whom', () => {
  assert.deepEqual(splitTerm('library/debian'), { domain: 'docker.io', term: 'debian' });
  assert.deepEqual(splitTerm('reg.example:5000/a/b'), { domain: 'reg.example:5000', term: 'a/b' });
  assert.throws(() => splitTerm('https://x/y'), /should not have a scheme/);
  const result = { name: 'x', description: '', star_count: 3, is_official: true, is_automated: false };
  assert.equal(searchFilter(new Map([['stars', ['4']]]))(result), false);
  assert.equal(searchFilter(new Map([['is-official', ['true']]]))(result), true);
  assert.equal(searchFilter(new Map([['is-automated', ['true']]]))(result), false);
  assert.throws(() => searchFilter(new Map([['nope', ['x']]])), /invalid filter 'nope'/);
  assert.throws(() => searchFilter(new Map([['stars', ['x']]])), /invalid filter 'stars=x'/);
});
