import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foreignFlags, foreignKeys } from './foreign-options.ts';
import { daemonOptions } from './options.ts';

const ignored = (argv: string[], config?: string): readonly string[] => {
  const parsed = daemonOptions(argv, () => config);
  assert.ok(parsed.kind === 'options');
  return parsed.options.ignored;
};

test('users S18: settings of dockerd without a meaning here are taken, and named once', () => {
  assert.deepEqual(ignored([]), []);
  assert.deepEqual(
    ignored([
      '--userland-proxy',
      '--iptables=false',
      '--storage-driver=btrfs',
      '--containerd',
      '/x',
      '--log-format',
      'text',
    ]),
    ['containerd', 'iptables', 'log-format', 'storage-driver', 'userland-proxy'],
  );
  assert.deepEqual(
    ignored(
      [],
      '{"features":{"containerd-snapshotter":true},"builder":{"gc":{"enabled":true}},"exec-opts":["native.cgroupdriver=systemd"]}',
    ),
    ['builder', 'exec-opt', 'feature'],
  );
});

test('users S18: what is so anyway is not worth a word', () => {
  const same =
    '{"userland-proxy":false,"storage-driver":"overlay2","exec-opts":["native.cgroupdriver=cgroupfs"],"iptables":true,"experimental":false,"userns-remap":""}';
  assert.deepEqual(ignored(['--firewall-backend=nftables', '--log-format=json'], same), []);
});

test('users S18: only what is unsafe to ignore ends the start', () => {
  for (const one of ['--userns-remap=default', '--selinux-enabled', '--rootless', '--authorization-plugin=x'])
    assert.throws(() => ignored([one]), /is not supported, and cannot be ignored/, one);
  assert.throws(() => ignored([], '{"userns-remap":"default"}'), /root in a container would be root on the host/);
  assert.throws(() => ignored([], '{"no-such-key":1}'), /don't match any configuration option: no-such-key/);
  assert.throws(() => ignored([], '{"features":["x"]}'), /features must be/);
});

test('every key without a meaning has a flag, and the version is asked as of dockerd', () => {
  assert.deepEqual(new Set(Object.values(foreignKeys)), new Set(Object.keys(foreignFlags)));
  assert.deepEqual(
    daemonOptions(['-v'], () => undefined),
    { kind: 'version' },
  );
});
