// Short forms: ports, volumes, sizes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sprint } from '../value/value.ts';
import { parseSize } from './bytes.ts';
import { parsePorts } from './port.ts';
import { canonicalVolume } from './volume.ts';

test('ports have an address, a published port or range, a target and a protocol', () => {
  const shown = (spec: string): string =>
    parsePorts(spec)
      .map((port) => ['host_ip', 'published', 'target', 'protocol'].map((key) => sprint(port[key] ?? '')).join(' '))
      .join(', ');
  for (const [spec, expected] of [
    ['80', '  80 tcp'],
    ['8080:80/udp', ' 8080 80 udp'],
    ['8000-8002:80', ' 8000-8002 80 tcp'],
    ['80-81:90-91', ' 80 90 tcp,  81 91 tcp'],
    ['1.2.3.4::80', '1.2.3.4  80 tcp'],
    ['[::1]:80:80', '::1 80 80 tcp'],
    ['80/TCP', '  80 tcp'],
  ] as const)
    assert.equal(shown(spec), expected, spec);
});

test('ports that are none are refused in the words of docker compose', () => {
  for (const [spec, message] of [
    ['x:80', 'Invalid hostPort: x'],
    ['80:70000', 'Invalid containerPort: 70000'],
    ['80/abc', 'Invalid proto: abc'],
    ['80-81:80-90', 'Invalid ranges specified for container and host Ports: 80-90 and 80-81'],
    ['a.b:1:2', 'Invalid ip address: a.b'],
    ['::1:80:80', 'Invalid ip address ::1: address ::1:: too many colons in address'],
    ['80:', 'No port specified: 80:<empty>'],
  ] as const)
    assert.throws(() => parsePorts(spec), { message }, spec);
});

test('a volume is a bind of a path, a named one, or one without a name', () => {
  for (const [spec, expected] of [
    ['/data', { target: '/data', type: 'volume', volume: {} }],
    ['db:/data/', { source: 'db', target: '/data', type: 'volume', volume: {} }],
    [
      './a:/b:ro,z',
      { source: './a', target: '/b', read_only: true, type: 'bind', bind: { selinux: 'z', create_host_path: true } },
    ],
    ['db:/d:nocopy', { source: 'db', target: '/d', type: 'volume', volume: { nocopy: true } }],
    [
      '~/x:/y:rshared',
      { source: '~/x', target: '/y', type: 'bind', bind: { propagation: 'rshared', create_host_path: true } },
    ],
    ['c:\\x:/y', { source: 'c:\\x', target: '/y', type: 'bind', bind: { create_host_path: true } }],
    ['${A:-x}:/y', { source: '${A:-x}', target: '/y', type: 'volume', volume: {} }],
  ] as const)
    assert.deepEqual(JSON.parse(JSON.stringify(canonicalVolume(spec))), expected, spec);
  assert.throws(() => canonicalVolume('ab::c'), { message: 'invalid spec: ab::c: empty section between colons' });
  assert.throws(() => canonicalVolume('aa:bb:cc:dd:ee'), { message: 'invalid spec: aa:bb:cc:dd:ee: too many colons' });
});

test('sizes are powers of 1024', () => {
  for (const [text, bytes] of [
    ['5', 5n],
    ['1b', 1n],
    ['1.5g', 1_610_612_736n],
    ['2 MB', 2_097_152n],
    ['1KiB', 1_024n],
  ] as const)
    assert.equal(parseSize(text), bytes, text);
  for (const [text, message] of [
    ['', "invalid size: ''"],
    ['-1', "invalid size: '-1'"],
    ['5q', "invalid suffix: 'q'"],
  ] as const)
    assert.throws(() => parseSize(text), { message }, text);
});
