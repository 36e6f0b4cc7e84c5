import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frame } from './framing.ts';
import { readFilters, readQuery } from './query.ts';
import { findRoute } from './router.ts';
import { sizeOf } from './size.ts';
import { notImplementedText } from './absent.ts';
import { outsideOfSwarm } from './swarm.ts';
import { checkVersion, splitVersion } from './version.ts';

test('paths lead to routes; names of images and of links may hold slashes', () => {
  assert.deepEqual(findRoute('GET', '/containers/json'), { id: 'ContainerList', params: {} });
  assert.deepEqual(findRoute('GET', '/containers/a%20b/json'), { id: 'ContainerInspect', params: { id: 'a b' } });
  assert.deepEqual(findRoute('GET', '/images/reg:5000/a/b:1/json'), {
    id: 'ImageInspect',
    params: { name: 'reg:5000/a/b:1' },
  });
  assert.deepEqual(findRoute('DELETE', '/images/a/b'), { id: 'ImageDelete', params: { name: 'a/b' } });
  assert.deepEqual(findRoute('DELETE', '/containers/web/db'), { id: 'ContainerDelete', params: { id: 'web/db' } });
  assert.deepEqual(findRoute('POST', '/containers/web/db/start'), { id: 'ContainerStart', params: { id: 'web/db' } });
});

test('fault A25: tricks in the path lead nowhere', () => {
  for (const path of [
    '//containers/json',
    '/containers/../info',
    '/containers/%2e%2e/json/',
    '/Containers/json',
    '/containers/json/',
    '/containers/%zz/json',
  ]) {
    assert.equal(findRoute('GET', path)?.id, undefined, path);
  }
  assert.equal(findRoute('PUT', '/containers/json'), undefined);
});

test('versions: the newest without one, Docker’s refusals outside', () => {
  const read = (path: string): [number, string] => [splitVersion(path).minor, splitVersion(path).rest];
  assert.deepEqual(read('/v1.41/info'), [41, '/info']);
  assert.deepEqual(read('/info'), [55, '/info']);
  assert.deepEqual(read('/V1.41/info'), [55, '/V1.41/info']);
  const check = (path: string) => (): void => checkVersion(splitVersion(path));
  check('/v1.24/info')();
  assert.throws(check('/v1.12/info'), /client version 1\.12 is too old\. Minimum supported API version is 1\.24/);
  assert.throws(check('/v1.99/info'), /client version 1\.99 is too new\. Maximum supported API version is 1\.55/);
  assert.throws(check('/v2.0/info'), /too new/);
  assert.throws(check('/v1/info'), /client version 1 is too old/);
});

test('booleans as Go reads them', () => {
  const read = (text: string): unknown =>
    readQuery({ method: 'GET', path: '/', query: { all: 'bool' } }, new URLSearchParams(`all=${text}`));
  for (const text of ['1', 'true', 'True', 'yes', 'x']) assert.deepEqual(read(text), { all: true }, text);
  for (const text of ['', '0', 'false', 'no', 'none', 'FALSE']) assert.deepEqual(read(text), { all: false }, text);
});

test('filters in both forms, and broken ones', () => {
  assert.deepEqual([...readFilters('{"label":["a","b"]}')], [['label', ['a', 'b']]]);
  assert.deepEqual([...readFilters('{"label":{"a":true,"b":false}}')], [['label', ['a']]]);
  assert.deepEqual([...readFilters('')], []);
  for (const bad of ['{', '[]', '"x"', '{"label":"a"}', '{"label":[1]}', '{"label":{"a":1}}'])
    assert.throws(() => readFilters(bad), /invalid filter/, bad);
});

test('fault A28: __proto__ as a filter key is a key', () => {
  const filters = readFilters('{"__proto__":["x"]}');
  assert.deepEqual([...filters], [['__proto__', ['x']]]);
  assert.equal(({} as { x?: unknown }).x, undefined);
});

test('fault R44: sizes of a terminal', () => {
  assert.deepEqual(sizeOf({ h: '40', w: '0' }), [40, 0]);
  for (const bad of ['', 'tall', '-1', '65536', '1.5'])
    assert.throws(() => sizeOf({ h: bad, w: '80' }), /invalid resize height/, bad);
});

test('frames', () => {
  assert.deepEqual([...frame('stderr', Buffer.from('hi'))], [2, 0, 0, 0, 0, 0, 0, 2, 104, 105]);
});

test('a machine that is in no swarm says so as dockerd does, but for making or entering one', () => {
  assert.match(outsideOfSwarm('ServiceList') ?? '', /^This node is not a swarm manager\. Use "docker swarm init"/);
  assert.equal(outsideOfSwarm('SwarmLeave'), 'This node is not part of a swarm');
  for (const id of ['SwarmInit', 'SwarmJoin', 'CheckpointList', 'PluginPull', 'SystemInfo'] as const)
    assert.equal(outsideOfSwarm(id), undefined, id);
});

test('checkpoints are refused in dockerd’s words', () => {
  assert.match(notImplementedText('CheckpointList', 'GET'), /^This experimental feature is disabled by default\./);
  assert.equal(notImplementedText('PluginList', 'GET'), 'GET /plugins is not implemented by this daemon');
});
