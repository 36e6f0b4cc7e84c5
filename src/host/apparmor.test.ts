import assert from 'node:assert/strict';
import { test } from 'node:test';
import { profileText } from './apparmor.ts';

test('the default profile refuses mounts, and writes into /proc and /sys but for control groups', () => {
  const text = profileText({ name: 'docker-default', daemon: 'unconfined', hasTunables: false, hasBase: false });
  assert.match(text, /^@\{PROC\}=\/proc\/$/m);
  for (const rule of [
    'deny mount,',
    'deny @{PROC}/* w,',
    'deny @{PROC}/sysrq-trigger rwklx,',
    'deny @{PROC}/kcore rwklx,',
    'deny /sys/[^f]*/** wklx,',
    'deny /sys/fs/cg[^r]*/** wklx,',
    'deny /sys/firmware/** rwklx,',
    'deny /sys/kernel/security/** rwklx,',
    'signal (receive) peer="unconfined",',
    'ptrace (trace,read,tracedby,readby) peer=docker-default,',
  ])
    assert.ok(text.includes(`  ${rule}\n`), rule);
  assert.doesNotMatch(text, /#include/);
});

test('what the host has for all profiles is included', () => {
  const text = profileText({ name: 'a', daemon: 'b', hasTunables: true, hasBase: true });
  assert.match(text, /^#include <tunables\/global>$/m);
  assert.match(text, /^ {2}#include <abstractions\/base>$/m);
  assert.doesNotMatch(text, /PROC\}=/);
});
