// Bodies of `POST /containers/create`: status and message, or what inspect shows of the container.
import type { Random } from '../builds/random.ts';
import { api, type Side, type Subject } from './subject.ts';

/** Where in the body, and what. */
export interface Field {
  readonly path: string;
  readonly value: unknown;
}

const TEXTS = ['', ' ', 'a', 'A b', 'x:y', '/a', '../a', 'a/b', '-1', '0', 'none', 'default', 'ü', 'a\tb'];
const NUMBERS = [0, 1, -1, 2, 100, 4096, 6_291_456, 6_291_455, 1e9, -1e9, 2 ** 40];
const PORTS = ['80/tcp', '53/UDP', '80', '80-81/tcp', '1/sctp', '0/tcp', '65535/udp'];

const POOL: Readonly<Record<string, readonly unknown[]>> = {
  Hostname: ['h', 'a.b', 'UPPER', '-x', 'x'.repeat(64), '', 'a b'],
  Domainname: ['d.example', '', 'x y'],
  User: ['0', '5:6', 'root', ''],
  Cmd: [['true'], ['sh', '-c', 'x'], [], null, 'true', ['']],
  Entrypoint: [['sh'], [], null, 'sh', [''], ['']],
  Env: [['A=b'], ['A'], ['=x'], [''], ['A=1', 'A=2'], ['PATH=/x'], null],
  WorkingDir: ['/w', '/w/../x', 'rel', '/', ''],
  Labels: [{ a: 'b' }, {}, null, { '': 'x' }],
  Tty: [true, false],
  OpenStdin: [true, false],
  StdinOnce: [true],
  StopSignal: ['SIGTERM', 'TERM', '15', '99', 'NOSUCH', 'RTMIN+1', ''],
  StopTimeout: [0, 5, -1],
  Volumes: [{ '/v': {} }, { v: {} }, { '/': {} }, {}, { '/v/../w': {} }],
  ExposedPorts: PORTS.map((port) => ({ [port]: {} })),
  Healthcheck: [
    { Test: ['CMD', 'true'] },
    { Test: ['NONE'] },
    { Test: [] },
    { Test: ['CMD-SHELL', 'x'], Interval: 1e9 },
    { Test: ['CMD', 'x'], Interval: 1 },
    { Test: ['CMD', 'x'], Retries: -1 },
    { Test: ['CMD', 'x'], StartPeriod: -1 },
    { Test: ['X', 'y'] },
  ],
  NetworkDisabled: [true],
  'HostConfig.Memory': NUMBERS,
  'HostConfig.MemorySwap': NUMBERS,
  'HostConfig.MemoryReservation': NUMBERS,
  'HostConfig.MemorySwappiness': [null, -1, 0, 50, 100, 101],
  'HostConfig.NanoCpus': [0, 1, -1, 5e8, 1e12],
  'HostConfig.CpuShares': NUMBERS,
  'HostConfig.CpuPeriod': [0, 999, 1000, 100_000, 1e6, 1e6 + 1],
  'HostConfig.CpuQuota': [0, 999, 1000, -1, 50_000],
  'HostConfig.CpusetCpus': ['0', '0-1', '', '9999', 'x', '0,0', '1-0'],
  'HostConfig.CpusetMems': ['0', '', '99', 'x'],
  'HostConfig.PidsLimit': [null, 0, -1, 5, -7],
  'HostConfig.BlkioWeight': [0, 9, 10, 1000, 1001],
  'HostConfig.OomScoreAdj': [0, 100, 1000, 1001, -1001],
  'HostConfig.OomKillDisable': [true, false, null],
  'HostConfig.ShmSize': [0, 1, -1, 1e6],
  'HostConfig.RestartPolicy': [
    { Name: '' },
    { Name: 'no' },
    { Name: 'always' },
    { Name: 'on-failure', MaximumRetryCount: 3 },
    { Name: 'on-failure', MaximumRetryCount: -1 },
    { Name: 'always', MaximumRetryCount: 2 },
    { Name: 'unless-stopped' },
    { Name: 'x' },
    { Name: '', MaximumRetryCount: 1 },
  ],
  'HostConfig.AutoRemove': [true, false],
  'HostConfig.NetworkMode': ['none', 'host', 'bridge', 'default', '', 'container:', 'container:nosuch'],
  'HostConfig.IpcMode': ['', 'private', 'shareable', 'none', 'host', 'x', 'container:nosuch'],
  'HostConfig.PidMode': ['', 'host', 'x', 'container:', 'container:nosuch'],
  'HostConfig.UTSMode': ['', 'host', 'x'],
  'HostConfig.UsernsMode': ['', 'host', 'x'],
  'HostConfig.CgroupnsMode': ['', 'private', 'host', 'x'],
  'HostConfig.Privileged': [true, false],
  'HostConfig.ReadonlyRootfs': [true, false],
  'HostConfig.PublishAllPorts': [true, false],
  'HostConfig.Init': [true, false, null],
  'HostConfig.CapAdd': [['NET_ADMIN'], ['cap_net_admin'], ['ALL'], ['X'], [''], null],
  'HostConfig.CapDrop': [['ALL'], ['CHOWN'], ['all', 'x'], null],
  'HostConfig.GroupAdd': [['5'], ['x'], [], null],
  'HostConfig.SecurityOpt': [
    ['no-new-privileges'],
    ['no-new-privileges:true'],
    ['no-new-privileges=false'],
    ['seccomp=unconfined'],
    ['seccomp=x'],
    ['apparmor=unconfined'],
    ['label=disable'],
    ['systempaths=unconfined'],
    ['x'],
    ['x=y'],
    null,
  ],
  'HostConfig.Dns': [['1.2.3.4'], [], null],
  'HostConfig.DnsSearch': [['a.b'], ['.'], null],
  'HostConfig.DnsOptions': [['ndots:2'], null],
  'HostConfig.ExtraHosts': [['a:1.2.3.4'], ['a:host-gateway'], ['a:::1'], ['x'], ['a:b'], null],
  'HostConfig.Binds': [
    ['/tmp:/t'],
    ['/tmp:/t:ro'],
    ['/tmp:/t:x'],
    ['vol:/t'],
    ['/tmp'],
    ['/tmp:t'],
    ['/tmp:/'],
    ['/tmp:/t', '/tmp:/t'],
    null,
  ],
  'HostConfig.Tmpfs': [{ '/t': '' }, { '/t': 'size=1m' }, { t: '' }, { '/': '' }, { '/t': 'x' }, null],
  'HostConfig.Mounts': [
    [{ Type: 'bind', Source: '/tmp', Target: '/t' }],
    [{ Type: 'bind', Source: 'tmp', Target: '/t' }],
    [{ Type: 'bind', Source: '/nosuch-place', Target: '/t' }],
    [{ Type: 'bind', Target: '/t' }],
    [{ Type: 'volume', Target: '/t' }],
    [{ Type: 'volume', Source: '/abs', Target: '/t' }],
    [{ Type: 'tmpfs', Target: '/t', TmpfsOptions: { SizeBytes: 4096, Mode: 0o700 } }],
    [{ Type: 'tmpfs', Source: 'x', Target: '/t' }],
    [{ Type: 'x', Target: '/t' }],
    [{ Type: 'bind', Source: '/tmp', Target: 'rel' }],
    [{ Target: '/t' }],
    [{ Type: 'bind', Source: '/tmp', Target: '/t', BindOptions: { Propagation: 'x' } }],
  ],
  'HostConfig.Ulimits': [
    [{ Name: 'nofile', Soft: 10, Hard: 20 }],
    [{ Name: 'nofile', Soft: 20, Hard: 10 }],
    [{ Name: 'x', Soft: 1, Hard: 1 }],
    null,
  ],
  'HostConfig.Sysctls': [{ 'net.core.somaxconn': '5' }, { 'kernel.msgmax': '1' }, { x: 'y' }, null],
  'HostConfig.Devices': [
    [{ PathOnHost: '/dev/null', PathInContainer: '/dev/n', CgroupPermissions: 'rwm' }],
    [{ PathOnHost: '/dev/nosuch', PathInContainer: '/dev/n', CgroupPermissions: 'rwm' }],
    [],
  ],
  'HostConfig.DeviceCgroupRules': [['c 1:3 rwm'], ['x'], ['c *:* r']],
  'HostConfig.LogConfig': [
    { Type: '' },
    { Type: 'none' },
    { Type: 'json-file', Config: { 'max-size': '1m' } },
    { Type: 'json-file', Config: { x: 'y' } },
    { Type: 'nosuch' },
    { Type: 'local' },
  ],
  'HostConfig.PortBindings': [
    ...PORTS.map((port) => ({ [port]: [{ HostPort: '0' }] })),
    { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '8080-8081' }] },
    { '80/tcp': [{ HostPort: 'x' }] },
    { '80/tcp': [] },
    { '80/tcp': null },
  ],
  'HostConfig.VolumesFrom': [['nosuch'], ['nosuch:x'], []],
  'HostConfig.Links': [['nosuch:a'], [], null],
  'HostConfig.Runtime': ['', 'nosuch'],
  'HostConfig.Isolation': ['', 'default', 'hyperv'],
  'HostConfig.StorageOpt': [{ size: '1g' }, {}],
  'HostConfig.VolumeDriver': ['', 'local', 'nosuch'],
  'HostConfig.Annotations': [{ a: 'b' }, null],
  'HostConfig.ConsoleSize': [[10, 20]],
  'HostConfig.ContainerIDFile': ['x'],
  'HostConfig.Cgroup': ['x'],
  'HostConfig.CgroupParent': ['', '/x', 'a/b'],
  'NetworkingConfig.EndpointsConfig': [
    { bridge: {} },
    { bridge: { Aliases: ['a'] } },
    { bridge: { IPAMConfig: { IPv4Address: '1.2.3.4' } } },
    { nosuch: {} },
    { bridge: {}, none: {} },
    {},
    null,
  ],
};
const PATHS = Object.keys(POOL);

/** What differs by machine, by moment or by what each is made of. */
const LEFT_OUT =
  /^(Id|Created|Name|Image|ImageManifestDescriptor|ResolvConfPath|HostnamePath|HostsPath|LogPath|Driver|GraphDriver|Storage|State\.|Path$|HostConfig\.(MaskedPaths|ReadonlyPaths|Runtime$|CgroupnsMode$)|Config\.Hostname|Config\.Image|NetworkSettings\.|ProcessLabel|AppArmorProfile|MountLabel)/;

export const create: Subject<Field> = {
  make(random: Random): readonly Field[] {
    const fields = new Map<string, unknown>();
    for (let count = random.between(1, 6); count > 0; count -= 1) {
      const path = random.pick(PATHS);
      const odd = random.chance(0.06) ? random.pick<unknown>([...TEXTS, 5, true, [], {}, null]) : undefined;
      fields.set(path, odd === undefined ? random.pick(POOL[path] ?? []) : odd);
    }
    return [...fields].map(([path, value]) => ({ path, value }));
  },

  async observe(side: Side, fields: readonly Field[]): Promise<readonly string[]> {
    const body: Record<string, unknown> = { Image: 'busybox' };
    for (const { path, value } of fields) put(body, path.split('.'), value);
    const made = await api(side, 'POST', '/v1.51/containers/create', body);
    if (made.status !== 201) return [`status: ${made.status}`, `message: ${messageIn(made.body)}`];
    const { Id, Warnings } = JSON.parse(made.body) as { Id: string; Warnings: unknown };
    try {
      const shown = JSON.parse((await api(side, 'GET', `/v1.51/containers/${Id}/json`)).body) as object;
      return ['status: 201', `warnings: ${JSON.stringify(Warnings)}`, ...leaves(shown, '')].map((line) =>
        line
          .replaceAll(Id, 'ID')
          .replaceAll(Id.slice(0, 12), 'ID')
          .replaceAll(/\b[0-9a-f]{64}\b/g, 'HASH')
          .replaceAll(/"[^"]*\/volumes\//g, '"VOLUMES/'),
      );
    } finally {
      await api(side, 'DELETE', `/containers/${Id}?force=1&v=1`);
    }
  },

  show: ({ path, value }) => `${path} = ${JSON.stringify(value)}`,
};

function put(into: Record<string, unknown>, [first = '', ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) into[first] = value;
  else {
    const next = (into[first] ??= {});
    put(next as Record<string, unknown>, rest, value);
  }
}

export function messageIn(body: string): string {
  try {
    return String((JSON.parse(body) as { message?: unknown }).message).replaceAll(/\b[0-9a-f]{64}\b/g, 'HASH');
  } catch {
    return body.slice(0, 200);
  }
}

/** `path: value` of each value that is no object; empty and absent are one. */
function leaves(value: unknown, path: string): string[] {
  if (LEFT_OUT.test(path)) return [];
  if (value === null || value === '' || value === false || value === 0) return [];
  if (Array.isArray(value) && value.length === 0) return [];
  if (typeof value === 'object' && !Array.isArray(value))
    return Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([key, one]) => leaves(one, path === '' ? key : `${path}.${key}`));
  return [`${path}: ${JSON.stringify(value)}`];
}
