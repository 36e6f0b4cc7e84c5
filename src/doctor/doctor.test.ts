// Findings against golden files: a host that has everything, this kind of test machine, and one on which nothing runs.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Facts } from './facts.ts';
import { canRun, findings } from './findings.ts';
import { report } from './report.ts';

const WORKS = { result: 'works' } as const;
const ABSENT = { result: 'not tried', why: 'not installed' } as const;

const complete: Facts = {
  platform: 'linux',
  arch: 'x64',
  node: 'v24.0.0',
  uid: 0,
  kernel: '6.12.1-amd64',
  namespaces: ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'time', 'user', 'uts'],
  maxUserNamespaces: 100_000,
  filesystems: ['ext4', 'overlay'],
  overlay: WORKS,
  cgroup: { layout: 'v2', controllers: ['cpuset', 'cpu', 'io', 'memory', 'pids'] },
  capabilities: [
    'CAP_SYS_ADMIN',
    'CAP_NET_ADMIN',
    'CAP_SYS_CHROOT',
    'CAP_MKNOD',
    'CAP_SETFCAP',
    'CAP_SYS_RESOURCE',
    'CAP_SYS_PTRACE',
  ],
  seccomp: true,
  apparmor: { enabled: true, parser: true },
  openFiles: 1_048_576,
  nftables: { version: '1.0.6', trial: WORKS },
  links: { veth: WORKS, bridge: WORKS, vxlan: WORKS },
  ipv6: 'on',
  ipForward: true,
  uplink: { name: 'eth0', mtu: 1500 },
  runtimes: [
    { name: 'runc', path: '/usr/sbin/runc', version: '1.1.5', trial: WORKS, inView: false },
    { name: 'crun', path: undefined, version: '', trial: ABSENT, inView: false },
  ],
  conmon: '2.1.6',
  programs: { ps: true, mmdebstrap: true },
  disk: { path: '/var/lib', freeBytes: 50 * 1024 ** 3, freeInodes: 3_000_000 },
  now: Date.parse('2026-03-01T12:00:00Z'),
  built: Date.parse('2026-02-01T00:00:00Z'),
};

const hosts: Readonly<Record<string, Facts>> = {
  complete,
  hybrid: {
    ...complete,
    cgroup: { layout: 'hybrid', controllers: ['blkio', 'cpu', 'cpuset', 'devices', 'freezer', 'memory', 'pids'] },
    capabilities: complete.capabilities.filter((name) => name !== 'CAP_SYS_RESOURCE'),
    apparmor: { enabled: false, parser: false },
    openFiles: 20_000,
    uplink: { name: 'eth0', mtu: 1400 },
    runtimes: [
      ...complete.runtimes.slice(0, 1),
      {
        name: 'crun',
        path: '/usr/bin/crun',
        version: '1.8.1',
        trial: { result: 'fails', why: 'cgroups in hybrid mode not supported' },
        inView: false,
      },
    ],
  },
  bare: {
    ...complete,
    uid: 1000,
    kernel: '4.19.0',
    namespaces: ['cgroup', 'ipc', 'mnt', 'pid', 'user', 'uts'],
    maxUserNamespaces: 0,
    filesystems: ['ext4'],
    overlay: { result: 'fails', why: 'mount overlay: ENODEV' },
    cgroup: { layout: 'v1', controllers: ['cpu', 'memory'] },
    capabilities: [],
    seccomp: false,
    apparmor: { enabled: true, parser: false },
    nftables: { version: undefined, trial: ABSENT },
    links: {
      veth: { result: 'fails', why: 'Unknown device type' },
      bridge: WORKS,
      vxlan: { result: 'not tried', why: 'needs root' },
    },
    ipv6: 'absent',
    ipForward: false,
    uplink: undefined,
    runtimes: complete.runtimes.map((one) => ({ ...one, path: undefined, trial: ABSENT })),
    conmon: undefined,
    programs: { ps: false, mmdebstrap: false },
    disk: { path: '/', freeBytes: 1024 ** 2, freeInodes: 0 },
    now: Date.parse('1970-01-02T00:00:00Z'),
  },
};

for (const [name, facts] of Object.entries(hosts)) {
  test(`the report on the host "${name}"`, () => {
    const golden = new URL(`./testdata/${name}.txt`, import.meta.url);
    const text = report(findings(facts));
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, text);
    assert.equal(text, readFileSync(golden, 'utf8'));
  });
}

test('containers can run with things missing, and not with a failed check', () => {
  assert.deepEqual(
    Object.entries(hosts).map(([name, facts]) => [name, canRun(findings(facts))]),
    [
      ['complete', true],
      ['hybrid', true],
      ['bare', false],
    ],
  );
});

test('whatever is not ok says what it costs', () => {
  for (const facts of Object.values(hosts)) {
    for (const finding of findings(facts))
      assert.equal(finding.state === 'ok', finding.cost === undefined, finding.check);
  }
});
