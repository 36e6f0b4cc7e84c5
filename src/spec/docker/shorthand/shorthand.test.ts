import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  checkExtraHost,
  endpoints,
  parseCpus,
  parseDevice,
  parseMount,
  parseNetwork,
  parsePorts,
  parseReference,
  parseRestart,
  parseUlimit,
  parseVolume,
  withDefaultTag,
} from './index.ts';

/** The result as JSON, or the message of what was thrown. */
function said(make: () => unknown): string {
  try {
    return JSON.stringify(make()) ?? 'undefined';
  } catch (error) {
    return (error as Error).message;
  }
}

const cases: readonly (readonly [string, () => unknown, string])[] = [
  ['port', () => parsePorts(['80'], []).bindings, '{"80/tcp":[{"HostIp":"","HostPort":""}]}'],
  [
    'port of host',
    () => parsePorts(['127.0.0.1:8080:80/udp'], []).bindings,
    '{"80/udp":[{"HostIp":"127.0.0.1","HostPort":"8080"}]}',
  ],
  ['port of IPv6', () => parsePorts(['[::1]:1:2'], []).bindings, '{"2/tcp":[{"HostIp":"::1","HostPort":"1"}]}'],
  [
    'port range',
    () => parsePorts(['1-2:3-4'], []).bindings,
    '{"3/tcp":[{"HostIp":"","HostPort":"1"}],"4/tcp":[{"HostIp":"","HostPort":"2"}]}',
  ],
  ['port from a range', () => parsePorts(['1-5:3'], []).bindings, '{"3/tcp":[{"HostIp":"","HostPort":"1-5"}]}'],
  [
    'port in words',
    () => parsePorts(['published=1,target=2'], []).bindings,
    '{"2/tcp":[{"HostIp":"","HostPort":"1"}]}',
  ],
  ['exposed', () => parsePorts([], ['1-2/udp']).exposed, '{"1/udp":{},"2/udp":{}}'],
  ['bad host port', () => parsePorts(['99999:80'], []), 'invalid hostPort: 99999'],
  ['bad protocol', () => parsePorts(['80/foo'], []), 'invalid proto: foo'],
  [
    'ranges of two sizes',
    () => parsePorts(['1-3:1-2'], []),
    'invalid ranges specified for container and host Ports: 1-2 and 1-3',
  ],
  [
    'mount',
    () => parseMount('type=bind,src=/a,dst=/b,ro', '/here'),
    '{"Type":"bind","Target":"/b","Source":"/a","ReadOnly":true}',
  ],
  [
    'mount with quotes',
    () => parseMount('type=volume,dst=/b,"volume-opt=o=a,b"', '/here').VolumeOptions,
    '{"Labels":{},"DriverConfig":{"Options":{"o":"a,b"}}}',
  ],
  [
    'tmpfs mount',
    () => parseMount('type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=700', '/here').TmpfsOptions,
    '{"SizeBytes":1048576,"Mode":448}',
  ],
  ['mount without a target', () => parseMount('type=bind,source=/a', '/here'), 'target is required'],
  [
    'mixed mount',
    () => parseMount('type=bind,source=/a,target=/b,volume-nocopy=true', '/here'),
    "cannot mix 'volume-*' options with mount type 'bind'",
  ],
  ['volume', () => parseVolume('a:/b:ro', '/here'), '"a:/b:ro"'],
  ['bind from here', () => parseVolume('./a:/b', '/here'), '"/here/a:/b"'],
  ['bind of two letters', () => parseVolume('ab:/b', '/here'), '"ab:/b"'],
  ['anonymous volume', () => parseVolume('/data', '/here'), 'undefined'],
  ['empty source', () => parseVolume(':/x', '/here'), 'invalid spec: :/x: empty section between colons'],
  [
    'device',
    () => parseDevice('/dev/a'),
    '{"PathOnHost":"/dev/a","PathInContainer":"/dev/a","CgroupPermissions":"rwm"}',
  ],
  [
    'device with a mode',
    () => parseDevice('/dev/a:r'),
    '{"PathOnHost":"/dev/a","PathInContainer":"/dev/a","CgroupPermissions":"r"}',
  ],
  [
    'device with all',
    () => parseDevice('/dev/a:/dev/b:rw'),
    '{"PathOnHost":"/dev/a","PathInContainer":"/dev/b","CgroupPermissions":"rw"}',
  ],
  ['ulimit', () => parseUlimit('nofile=1:2'), '{"Name":"nofile","Soft":1,"Hard":2}'],
  [
    'ulimit upside down',
    () => parseUlimit('nofile=2:1'),
    'ulimit soft limit must be less than or equal to hard limit: 2 > 1',
  ],
  ['cpus', () => parseCpus('1.5'), '1500000000'],
  ['cpus as a ratio', () => parseCpus('1/4'), '250000000'],
  ['too precise cpus', () => parseCpus('0.0000000001'), 'value is too precise'],
  ['restart', () => parseRestart('on-failure:3'), '{"Name":"on-failure","MaximumRetryCount":3}'],
  [
    'restart without a name',
    () => parseRestart(':3'),
    'invalid restart policy format: no policy provided before colon',
  ],
  ['extra host', () => checkExtraHost('a=[::1]'), '"a:::1"'],
  ['reference', () => withDefaultTag(parseReference('docker.io/library/busybox')), '"busybox:latest"'],
  ['reference with a port', () => parseReference('h:5000/a/b:t'), '{"name":"h:5000/a/b","tag":"t"}'],
  [
    'reference in capitals',
    () => parseReference('Foo'),
    'invalid reference format: repository name (library/Foo) must be lowercase',
  ],
  ['reference with two tags', () => parseReference('a:b:c'), 'invalid reference format'],
];

for (const [what, make, want] of cases) test(`reads a ${what}`, () => assert.equal(said(make), want));

const legacy = { aliases: [], links: [], ipv4: '', ipv6: '', mac: '', linkLocal: [] };

test('a plain network needs no endpoint of its own', () => {
  assert.deepEqual(endpoints([parseNetwork('a')], legacy), {});
});

test('older flags belong to the first network', () => {
  const made = endpoints([parseNetwork('a'), parseNetwork('name=b,alias=x')], { ...legacy, ipv4: '10.0.0.2' });
  assert.deepEqual(made['a']?.IPAMConfig, { IPv4Address: '10.0.0.2' });
  assert.deepEqual(made['b']?.Aliases, ['x']);
});

test('networks and modes do not mix', () => {
  assert.throws(
    () => endpoints([parseNetwork('host'), parseNetwork('a')], legacy),
    /cannot attach both user-defined and non-user-defined/,
  );
  assert.throws(() => endpoints([parseNetwork('a'), parseNetwork('a')], legacy), /specified multiple times/);
});
