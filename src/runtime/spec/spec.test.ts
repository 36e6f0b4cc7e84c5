// Golden configurations: default.json is whole, each other file holds what differs from it. UPDATE_GOLDEN=1 writes them anew.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { execProcess, type ResolvedMount, specFor, specText } from './index.ts';
import { PLAIN_HOST, specInput, type Request } from './testing.ts';

const bind = (source: string, target: string, rest: Partial<ResolvedMount> = {}): ResolvedMount => ({
  type: 'bind',
  source,
  target,
  readOnly: false,
  propagation: '',
  recursive: true,
  options: [],
  ...rest,
});
const tmpfs = (target: string, options: string[]): ResolvedMount => bind('', target, { type: 'tmpfs', options });
const MB = 1024 * 1024;
const limits = {
  Memory: 64 * MB,
  MemorySwap: 128 * MB,
  MemoryReservation: 32 * MB,
  MemorySwappiness: 10,
  NanoCpus: 1.5e9,
  CpuShares: 512,
  CpusetCpus: '0-1',
  PidsLimit: 100,
  BlkioWeight: 300,
};
const throttle = [
  { kind: 'readBps' as const, major: 8, minor: 0, value: 1000 },
  { kind: 'weight' as const, major: 8, minor: 16, value: 200 },
];
const noResource = {
  capabilities: PLAIN_HOST.capabilities.filter((one) => one !== 'CAP_SYS_RESOURCE'),
  canRaiseLimits: false,
  hardLimits: { nofile: 4096 },
};
const fuse = {
  path: '/dev/fuse',
  type: 'c' as const,
  major: 10,
  minor: 229,
  fileMode: 0o660,
  uid: 0,
  gid: 0,
  access: 'rw',
};

const CASES: Record<string, Request> = {
  default: {},
  privileged: { hostConfig: { Privileged: true, OomScoreAdj: -5 }, input: { devices: [fuse] } },
  tty: {
    config: { Tty: true, Env: ['A=1', 'PATH=/bin', 'TERM'], WorkingDir: '/work' },
    hostConfig: { ConsoleSize: [24, 80] },
  },
  readonly: { hostConfig: { ReadonlyRootfs: true } },
  'limits-v1': {
    hostConfig: {
      ...limits,
      OomKillDisable: true,
      Ulimits: [
        { Name: 'nofile', Soft: 10, Hard: 20 },
        { Name: 'memlock', Soft: -1, Hard: -1 },
      ],
    },
    input: { throttle },
  },
  'limits-v2': {
    hostConfig: limits,
    host: { cgroup: 'v2' },
    input: { throttle, namespaces: { network: 'new', pid: 'new', ipc: 'new', uts: 'new', cgroup: 'new' } },
  },
  'host-namespaces': {
    config: { Domainname: 'example.test' },
    hostConfig: { NetworkMode: 'host', PidMode: 'host', IpcMode: 'host', UTSMode: 'host' },
    input: {
      namespaces: { network: 'host', pid: 'host', ipc: 'host', uts: 'host', cgroup: 'host' },
      files: { shm: '/dev/shm' },
    },
  },
  'joined-namespaces': {
    hostConfig: { NetworkMode: 'container:x', IpcMode: 'none' },
    input: {
      namespaces: {
        network: { path: '/proc/7/ns/net' },
        pid: { path: '/proc/7/ns/pid' },
        ipc: 'new',
        uts: 'new',
        cgroup: 'host',
      },
    },
  },
  'cap-drop-all': { hostConfig: { CapDrop: ['all'], CapAdd: ['net_bind_service', 'CAP_CHOWN'] } },
  'cap-add-all': { hostConfig: { CapAdd: ['ALL'], CapDrop: ['SYS_ADMIN'] } },
  'seccomp-unconfined': {
    hostConfig: { SecurityOpt: ['seccomp=unconfined', 'no-new-privileges', 'apparmor=mine'] },
    host: { apparmor: true },
  },
  'no-cap-sys-resource': {
    hostConfig: { CapAdd: ['SYS_RESOURCE'], OomScoreAdj: -100, Ulimits: [{ Name: 'nofile', Soft: 1024, Hard: 1e6 }] },
    host: noResource,
  },
  mounts: {
    hostConfig: { DeviceCgroupRules: ['c 42:* rmw'] },
    host: { recursiveReadOnly: true },
    input: {
      devices: [fuse],
      mounts: [
        bind('/v/deep', '/a/b/c'),
        bind('/v/hosts', '/etc/hosts', { readOnly: true }),
        bind('/v/a', '/a', { readOnly: true, readOnlyNested: 'ifPossible', propagation: 'rslave' }),
        bind('/v/n', '/n', { readOnly: true, readOnlyNested: 'never', recursive: false }),
        tmpfs('/dev/shm', ['size=1m', 'exec']),
        tmpfs('/t', ['ro', 'mode=700', 'size=2m', 'size=3m']),
      ],
    },
  },
  'own-dev': { input: { mounts: [bind('/dev', '/dev'), bind('/sys', '/sys')] } },
  init: { config: { Entrypoint: ['/entry'], Cmd: ['a'] }, input: { files: { init: '/usr/bin/tini' } } },
  sysctls: {
    config: { Domainname: 'example.test' },
    hostConfig: { Sysctls: { 'net.core.somaxconn': '99' }, Annotations: { a: 'b' } },
  },
};

for (const [name, request] of Object.entries(CASES)) {
  test(`configuration: ${name}`, () => {
    const { spec, warnings } = specFor(specInput(request));
    const flat = flatten({ ...brief(JSON.parse(specText(spec))), ...(warnings.length > 0 ? { warnings } : {}) });
    if (name !== 'default') subtract(flat);
    golden(name, flat);
  });
}

function golden(name: string, flat: Map<string, unknown>): void {
  const file = join(import.meta.dirname, 'testdata', `${name}.json`);
  const lines = [...flat].map(([path, value]) => `  ${JSON.stringify(path)}: ${JSON.stringify(value)}`);
  const text = `{\n${lines.join(',\n')}\n}\n`;
  if (process.env['UPDATE_GOLDEN']) writeFileSync(file, text);
  assert.equal(text, existsSync(file) ? readFileSync(file, 'utf8') : '', `${file}; UPDATE_GOLDEN=1 writes it`);
}

/** The filter as its calls in a line each, without the three hundred that everyone may make. */
function brief(spec: Record<string, unknown>): Record<string, unknown> {
  const linux = spec['linux'] as { seccomp?: { syscalls: { names: string[]; action: string }[] } };
  if (!linux.seccomp) return spec;
  const syscalls = linux.seccomp.syscalls.map((one) =>
    one.names.length > 50 ? `${one.names.length} calls ${one.action}` : one,
  );
  return { ...spec, linux: { ...linux, seccomp: { ...linux.seccomp, syscalls } } };
}

/** One line a leaf, an entry of a list of objects, or a list of plain values. */
function flatten(value: unknown, path = '', into = new Map<string, unknown>()): Map<string, unknown> {
  if (Array.isArray(value)) {
    const plain = value.every((one) => typeof one !== 'object');
    if (plain) into.set(path, value);
    else for (const [index, one] of value.entries()) into.set(`${path}[${index}]`, one);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, one] of Object.entries(value)) flatten(one, path ? `${path}.${key}` : key, into);
  } else into.set(path, value);
  return into;
}

function subtract(flat: Map<string, unknown>): void {
  const { spec } = specFor(specInput());
  for (const [path, value] of flatten(brief(JSON.parse(specText(spec))))) {
    if (!flat.has(path)) flat.set(path, 'absent');
    else if (JSON.stringify(flat.get(path)) === JSON.stringify(value)) flat.delete(path);
  }
}

test('an unlimited ulimit is written as the number that C has for it', () => {
  const { spec } = specFor(specInput({ hostConfig: { Ulimits: [{ Name: 'memlock', Soft: -1, Hard: -1 }] } }));
  assert.match(specText(spec), /"hard":18446744073709551615,"soft":18446744073709551615/);
});

test('fault R37: inheritable and ambient sets are empty, also for a privileged exec', () => {
  const { spec } = specFor(specInput());
  const process = execProcess({
    container: spec.process,
    exec: { cmd: ['id'], env: ['B=2'], workingDir: '', tty: true, privileged: true },
    user: { uid: 5, gid: 6, additionalGids: [6], home: '/five' },
    host: PLAIN_HOST,
  });
  assert.deepEqual([process.capabilities?.inheritable, process.capabilities?.ambient], [[], []]);
  assert.equal(process.capabilities?.bounding.length, 41);
  assert.deepEqual(process.env.slice(1), ['HOSTNAME=cccccccccccc', 'TERM=xterm', 'B=2', 'HOME=/five']);
  assert.deepEqual(
    [process.terminal, process.args, process.cwd, process.user],
    [true, ['id'], '/', { uid: 5, gid: 6, additionalGids: [6] }],
  );
});

test('fault R36: HOME never waits for the runtime to read the container’s /etc/passwd', () => {
  const exec = { cmd: ['id'], workingDir: '', tty: false, privileged: false };
  const user = { uid: 5, gid: 6, additionalGids: [6], home: '/five' };
  const home = (env: readonly string[]): string[] => env.filter((one) => one.startsWith('HOME='));
  const { process: plain } = specFor(specInput()).spec;
  const { process: given } = specFor(specInput({ config: { Env: ['HOME=/mine'] } })).spec;
  assert.deepEqual(home(plain.env), ['HOME=/root']);
  assert.deepEqual(home(given.env), ['HOME=/mine']);
  const homeOf = (request: Partial<Parameters<typeof execProcess>[0]>, env: string[] = []): string[] =>
    home(execProcess({ container: plain, exec: { ...exec, env }, host: PLAIN_HOST, ...request }).env);
  assert.deepEqual(homeOf({}), ['HOME=/root']);
  assert.deepEqual(homeOf({ user }), ['HOME=/five']);
  assert.deepEqual(homeOf({ user }, ['HOME=/asked']), ['HOME=/asked']);
  assert.deepEqual(homeOf({ user, container: given, homeGiven: true }), ['HOME=/mine']);
});

test('settings that dockerd refuses at start are refused in its words', () => {
  const refused = (request: Request, message: string | RegExp): void => {
    assert.throws(() => specFor(specInput(request)), { message, kind: 'internal' });
  };
  refused({ hostConfig: { SecurityOpt: ['foo'] } }, 'invalid --security-opt 1: "foo"');
  refused(
    { hostConfig: { SecurityOpt: ['systempaths=unconfined'] } },
    'invalid --security-opt 2: "systempaths=unconfined"',
  );
  refused({ hostConfig: { SecurityOpt: ['seccomp={'] } }, /^Decoding seccomp profile failed: /);
  refused({ hostConfig: { DeviceCgroupRules: ['x'] } }, "invalid device cgroup rule format: 'x'");
  assert.throws(
    () => specFor(specInput({ hostConfig: { DeviceRequests: [{ Count: 1, Capabilities: [['gpu', 'x']] }] } })),
    {
      kind: 'invalid',
      message: 'could not select device driver "" with capabilities: [[gpu x]]',
    },
  );
  refused({ input: { mounts: [tmpfs('/t', ['foo'])] } }, 'invalid tmpfs option ["foo"]');
});

test('a profile of one’s own is filtered by capability, architecture and kernel', () => {
  const profile = {
    defaultAction: 'SCMP_ACT_ERRNO',
    archMap: [{ architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86'] }],
    syscalls: [
      { names: ['a'], action: 'SCMP_ACT_ALLOW', includes: { minKernel: '6.2' } },
      { names: ['b'], action: 'SCMP_ACT_ALLOW', includes: { caps: ['CAP_CHOWN'] } },
      { names: ['c'], action: 'SCMP_ACT_ALLOW', excludes: { arches: ['amd64'] } },
      { name: 'd', action: 'SCMP_ACT_LOG', includes: {}, excludes: null, args: [] },
    ],
  };
  const { spec } = specFor(
    specInput({ hostConfig: { Privileged: true, SecurityOpt: [`seccomp=${JSON.stringify(profile)}`] } }),
  );
  assert.deepEqual(spec.linux['seccomp'], {
    defaultAction: 'SCMP_ACT_ERRNO',
    architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'],
    syscalls: [
      { names: ['b'], action: 'SCMP_ACT_ALLOW' },
      { names: ['d'], action: 'SCMP_ACT_LOG' },
    ],
  });
});
