import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compare, lockText, parseLock, underOneName } from './compare.ts';
import { type ContainerInfo, containerFacts, hostFacts, keyOf, type Place, projectOf } from './facts.ts';

const hash = (value: string): string => `#${value.length}`;

test('of a container: image, variables by hash, limits, capabilities, mounts; not what is never the same', () => {
  const info: ContainerInfo = {
    Name: '/shop-web-1',
    Image: 'sha256:abc',
    Config: {
      User: '',
      Env: ['PASSWORD=secret', 'EMPTY', 'PATH='],
      Cmd: ['a', 'b c'],
      Labels: {
        'com.docker.compose.project': 'shop',
        'com.docker.compose.service': 'web',
        'com.docker.compose.container-number': '2',
      },
    },
    HostConfig: {
      Memory: 1024,
      NanoCpus: 0,
      CapAdd: ['SYS_TIME', 'NET_ADMIN'],
      Privileged: false,
      RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 },
      Dns: [],
    },
    Mounts: [
      { Type: 'bind', Destination: '/app', RW: false },
      { Type: 'volume', Name: 'data', Destination: '/data', RW: true },
      { Type: 'volume', Name: 'f'.repeat(64), Destination: '/x', RW: true },
    ],
    NetworkSettings: { Networks: { b: {}, a: {} } },
  };
  assert.deepEqual(containerFacts(info, hash), {
    image: 'sha256:abc',
    command: '["a","b c"]',
    'capabilities added': 'NET_ADMIN SYS_TIME',
    restart: 'on-failure:3',
    networks: 'a b',
    'limit memory': '1024',
    'env PASSWORD': '#6',
    'env PATH': '#0',
    'mount /app': 'bind, read-only',
    'mount /data': 'volume data',
    'mount /x': 'volume',
  });
  assert.equal(keyOf(info), 'web.2');
  assert.equal(projectOf(info), 'shop');
  assert.equal(keyOf({ Name: '/web' }), 'web');
});

test('of a host: kernel, architecture, control groups, time zone', () => {
  assert.deepEqual(
    hostFacts({
      KernelVersion: '6.1',
      Architecture: 'x86_64',
      CgroupVersion: '2',
      SystemTime: '2026-11-30T19:09:35.1+09:00',
      SecurityOptions: null,
    }),
    { kernel: '6.1', architecture: 'x86_64', cgroups: 'v2', 'time zone': '+09:00' },
  );
  assert.equal(hostFacts({ SystemTime: '2026-11-30T19:09:35Z' })['time zone'], '+00:00');
});

test('what differs is a row, also what one place lacks', () => {
  const left: Place = { name: 'a', host: { kernel: '6.1' }, containers: { web: { image: 'x', user: '5' }, db: {} } };
  const right: Place = { name: 'b', host: { kernel: '6.2' }, containers: { web: { image: 'x', 'env A': '#1' } } };
  assert.deepEqual(compare(left, right), [
    { where: 'host', what: 'kernel', left: '6.1', right: '6.2' },
    { where: 'db', what: 'container', left: 'there', right: '' },
    { where: 'web', what: 'env A', left: '', right: '#1' },
    { where: 'web', what: 'user', left: '5', right: '' },
  ]);
});

const facts = fc.dictionary(fc.string({ maxLength: 5 }), fc.string({ minLength: 1, maxLength: 5 }), {
  maxKeys: 4,
  noNullPrototype: true,
});
const place: fc.Arbitrary<Place> = fc.record({
  name: fc.string(),
  host: facts,
  containers: fc.dictionary(fc.string({ maxLength: 5 }), facts, { maxKeys: 3, noNullPrototype: true }),
});

test('a place is like itself and like its lock file, and a difference is seen from both sides', () => {
  fc.assert(
    fc.property(place, place, (a, b) => {
      assert.deepEqual(compare(a, a), []);
      assert.deepEqual(compare(a, parseLock(JSON.parse(lockText(a)))), []);
      assert.deepEqual(
        compare(b, a),
        compare(a, b).map(({ left, right, ...rest }) => ({ ...rest, left: right, right: left })),
      );
    }),
  );
});

test('a file that is no lock is refused', () => {
  for (const value of [
    null,
    1,
    {},
    { version: 2 },
    { version: 1, name: 'a', host: {}, containers: { web: { image: 1 } } },
    { version: 1, name: 'a', host: [], containers: {} },
  ])
    assert.throws(() => parseLock(value), /no lock file/);
});

test('two containers are compared whatever they are called', () => {
  const one = (name: string, image: string): Place => ({ name, host: {}, containers: { [name]: { image } } });
  assert.deepEqual(compare(underOneName(one('a', 'x')), underOneName(one('b', 'y'))), [
    { where: 'container', what: 'image', left: 'x', right: 'y' },
  ]);
});
