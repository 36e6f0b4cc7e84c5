// Creates as dockerd 28 answers them: defaults, merges, versions, refusals.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomName } from '../../base/random-name.ts';
import type { ImageConfig } from '../../spec/docker/index.ts';
import {
  checkUpdate,
  normaliseCreate,
  normaliseUpdate,
  parseSignal,
  signalName,
  validateName,
} from '../../engine/create/index.ts';
import { plainFacts } from '../../engine/create/testing.ts';
import { containerSpec } from './container.ts';
import { updateSpec } from './update.ts';

const ID = 'abcdef012345'.padEnd(64, '0');
const MB = 1024 * 1024;
const create = (
  body: object,
  {
    image = {},
    minor = 51,
    facts = plainFacts(),
  }: { image?: ImageConfig; minor?: number; facts?: ReturnType<typeof plainFacts> } = {},
) =>
  normaliseCreate(
    containerSpec({ Image: 'busybox', Cmd: ['sh'], ...body }, minor, facts.cgroup === 'v2'),
    image,
    facts,
    ID,
  );
/** Of a whole body, as clients of today send it. */
const ofBody = (body: unknown) => normaliseCreate(containerSpec(body, 51, false), {}, plainFacts(), ID);
const host = (HostConfig: object, options = {}) => create({ HostConfig }, options);

test('what a client leaves out has Docker’s defaults', () => {
  const { config, hostConfig, endpoints } = create({});
  assert.equal(config.Hostname, 'abcdef012345');
  assert.deepEqual(config.Labels, {});
  assert.deepEqual(
    [
      hostConfig.NetworkMode,
      hostConfig.IpcMode,
      hostConfig.CgroupnsMode,
      hostConfig.ShmSize,
      hostConfig.Runtime,
      hostConfig.RestartPolicy,
      hostConfig.LogConfig,
      hostConfig.OomKillDisable,
    ],
    [
      'bridge',
      'private',
      'host',
      64 * MB,
      'runc',
      { Name: 'no', MaximumRetryCount: 0 },
      { Type: 'json-file', Config: {} },
      false,
    ],
  );
  assert.equal(hostConfig.MaskedPaths?.length, 12);
  assert.deepEqual(Object.keys(endpoints), ['bridge']);
  assert.deepEqual(
    [
      host({ Memory: 30 * MB }).hostConfig.MemorySwap,
      host({ Privileged: true }).hostConfig.MaskedPaths,
      host({ Privileged: true }).hostConfig.SecurityOpt,
    ],
    [60 * MB, null, ['label=disable']],
  );
  assert.equal(host({}, { facts: plainFacts({ cgroup: 'v2' }) }).hostConfig.CgroupnsMode, 'private');
  assert.equal(host({ NetworkMode: 'host' }).config.Hostname, 'thishost');
  assert.equal(host({ NetworkMode: 'container:donor' }).hostConfig.NetworkMode, `container:${'d'.repeat(64)}`);
});

test('the image speaks where the container does not', () => {
  const image: ImageConfig = {
    Env: ['A=1', 'B=2'],
    Cmd: ['run'],
    Entrypoint: ['/entry'],
    User: '7',
    WorkingDir: '/w',
    Labels: { x: 'i', y: 'i' },
    ExposedPorts: { '80/tcp': {} },
    Volumes: { '/v': {} },
    StopSignal: 'SIGINT',
    Healthcheck: { Test: ['CMD', 'a'], Interval: 1e9 },
  };
  const own = {
    Cmd: null,
    Env: ['B=3'],
    Labels: { x: 'c' },
    ExposedPorts: { '81/tcp': {} },
    Healthcheck: { Retries: 2 },
  };
  const { config, mounts } = create(own, { image });
  assert.deepEqual(config.Env, ['B=3', 'A=1']);
  assert.deepEqual([config.Entrypoint, config.Cmd], [['/entry'], ['run']]);
  assert.deepEqual(
    [config.User, config.WorkingDir, config.StopSignal, config.Labels],
    ['7', '/w', 'SIGINT', { x: 'c', y: 'i' }],
  );
  assert.deepEqual(config.Healthcheck, { Test: ['CMD', 'a'], Interval: 1e9, Retries: 2 });
  assert.deepEqual(Object.keys(config.ExposedPorts ?? {}), ['81/tcp', '80/tcp']);
  assert.deepEqual(
    mounts.declared.map((one) => [one.destination, one.anonymous]),
    [['/v', true]],
  );
  const entry = (body: object) => {
    const { config } = create(body, { image });
    return [config.Entrypoint, config.Cmd];
  };
  assert.deepEqual(entry({ Cmd: ['x'] }), [['/entry'], ['x']]);
  assert.deepEqual(entry({ Cmd: null, Entrypoint: ['e'] }), [['e'], null]);
  assert.deepEqual(entry({ Cmd: ['x'], Entrypoint: [''] }), [null, ['x']]);
});

test('keys are matched without regard to case, unknown ones are left aside, a command may be one string', () => {
  const { config, hostConfig } = ofBody({ image: 'a', CMD: 'x y', nope: 1, hostconfig: { MEMORY: 30 * MB } });
  assert.deepEqual([config.Image, config.Cmd, hostConfig.Memory], ['a', ['x y'], 30 * MB]);
});

test('fault A28: keys of JavaScript’s own mean nothing', () => {
  const body = JSON.parse(
    '{"Image":"a","Cmd":["x"],"__proto__":{"Tty":true},"constructor":1,"Labels":{"__proto__":"x"}}',
  ) as object;
  const { config } = ofBody(body);
  assert.equal(config.Tty, false);
  assert.equal(({} as { Tty?: boolean }).Tty, undefined);
});

const WRONG_TYPES: [object, string][] = [
  [{ Hostname: [1] }, 'array into Go struct field .Hostname of type string'],
  [{ Env: [1] }, 'number into .Env.0 of type string'],
  [{ Cmd: { a: 1 } }, 'object into Go value of type string'],
  [{ StopTimeout: 1.5 }, 'number 1.5 into Go struct field .StopTimeout of type int'],
  [{ Healthcheck: { Interval: '5s' } }, 'string into Go struct field .Healthcheck.Interval of type time.Duration'],
  [{ HostConfig: 5 }, 'number into Go struct field .HostConfig of type container.HostConfig'],
  [{ HostConfig: { Memory: '5' } }, 'string into Go struct field .HostConfig.Memory of type int64'],
  [{ HostConfig: { BlkioWeight: 70000 } }, 'number 70000 into Go struct field .HostConfig.BlkioWeight of type uint16'],
  [{ HostConfig: { ConsoleSize: [-1, 1] } }, 'number -1 into .HostConfig.ConsoleSize.0 of type uint'],
  [
    { HostConfig: { PortBindings: { '80/tcp': [{ HostPort: 80 }] } } },
    'number into Go struct field .HostConfig.PortBindings.80~1tcp.0.HostPort of type string',
  ],
  [{ HostConfig: { Mounts: {} } }, 'object into Go struct field .HostConfig.Mounts of type []mount.Mount'],
  [
    { NetworkingConfig: { EndpointsConfig: { a: { Aliases: 5 } } } },
    'number into Go struct field .NetworkingConfig.EndpointsConfig.a.Aliases of type []string',
  ],
];
test('fault A28: wrong types are refused in Go’s words', () => {
  for (const [body, message] of WRONG_TYPES) {
    assert.throws(() => create(body), { kind: 'invalid', message: `invalid JSON: json: cannot unmarshal ${message}` });
  }
  for (const body of [null, {}, { HostConfig: {} }]) {
    assert.throws(() => ofBody(body), /^BerthError: config cannot be empty/);
  }
});

const REFUSED: [object, string][] = [
  [{ Cmd: [] }, 'no command specified'],
  [{ WorkingDir: 'rel' }, "the working directory 'rel' is invalid, it needs to be an absolute path"],
  [{ StopSignal: 'FOO' }, 'invalid signal: FOO'],
  [{ Env: ['=x'] }, 'invalid environment variable: =x'],
  [{ Healthcheck: { Interval: 100 } }, 'Interval in Healthcheck cannot be less than 1ms'],
  [{ HostConfig: { Memory: 1000 } }, 'Minimum memory limit allowed is 6MB'],
  [
    { HostConfig: { Memory: 30 * MB, MemorySwap: 20 * MB } },
    'Minimum memoryswap limit should be larger than memory limit, see usage',
  ],
  [{ HostConfig: { NanoCpus: 999e9 } }, 'range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available'],
  [{ HostConfig: { CpusetCpus: '1000' } }, 'Requested CPUs are not available - requested 1000, available: 0-1'],
  [{ HostConfig: { CpusetCpus: '0-x' } }, 'Invalid value 0-x for cpuset cpus: invalid format: 0-x'],
  [
    { HostConfig: { CpusetMems: '1-9223372036854775807' } },
    'Invalid value 1-9223372036854775807 for cpuset mems: value of out range, maximum is 8192',
  ],
  [{ HostConfig: { CapAdd: ['FOO'] } }, 'invalid CapAdd: unknown capability: "CAP_FOO"'],
  [
    { HostConfig: { RestartPolicy: { Name: 'x' } } },
    "invalid restart policy: unknown policy 'x'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'",
  ],
  [
    { HostConfig: { AutoRemove: true, RestartPolicy: { Name: 'always' } } },
    "can't create 'AutoRemove' container with restart policy",
  ],
  [{ HostConfig: { LogConfig: { Type: 'nope' } } }, 'error looking up logging plugin nope: plugin "nope" not found'],
  [{ HostConfig: { NetworkMode: 'container:' } }, 'invalid network mode: invalid container format container:<name|id>'],
  [{ HostConfig: { Binds: ['a:b:c:d'] } }, "invalid volume specification: 'a:b:c:d'"],
  [{ HostConfig: { Binds: ['/tmp:/b:nope'] } }, 'invalid mode: nope'],
  [{ HostConfig: { Binds: ['/tmp:/m', '/var:/m/'] } }, 'Duplicate mount point: /m'],
  [
    { HostConfig: { Mounts: [{ Type: 'bind', Source: '/absent', Target: '/m' }] } },
    'invalid mount config for type "bind": bind source path does not exist: /absent',
  ],
  [
    { HostConfig: { Mounts: [{ Type: 'volume', Source: 'v', Target: '/m', VolumeOptions: { Subpath: '../x' } }] } },
    'invalid mount config for type "volume": subpath must be a relative path within the volume',
  ],
  [{ HostConfig: { VolumesFrom: [''] } }, 'volumes-from specification cannot be an empty string'],
  [{ HostConfig: { IpcMode: 'container:none' } }, 'No such container: none'],
  [
    {
      NetworkingConfig: { EndpointsConfig: { foo: { IPAMConfig: { IPv4Address: '1.2', IPv6Address: 'x' } }, b: null } },
    },
    '* invalid config for network foo: invalid endpoint settings:\n\t* invalid IPv4 address: 1.2\n\t* invalid IPv6 address: x\n* invalid config for network b: EndpointsConfig is nil',
  ],
];
test('what dockerd refuses at create is refused in its words', () => {
  for (const [body, message] of REFUSED) assert.throws(() => create(body), { kind: 'invalid', message });
});

test('a size of the layer, which nothing would keep, is refused with the status of dockerd', () => {
  const opt = (StorageOpt: object) => () => create({ HostConfig: { StorageOpt } });
  assert.throws(opt({ size: '10m' }), { kind: 'internal', message: /^--storage-opt is supported only for overlay/ });
  assert.throws(opt({ foo: '1' }), { kind: 'internal', message: 'Unknown option foo' });
  opt({})();
});

test('limits that the host cannot enforce are dropped with a warning', () => {
  const support = { ...plainFacts().support, memoryLimit: false, pidsLimit: false, blkioWeight: false };
  const { hostConfig, warnings } = host(
    { Memory: 30 * MB, PidsLimit: 5, BlkioWeight: 100 },
    { facts: plainFacts({ support }) },
  );
  assert.deepEqual(
    [hostConfig.Memory, hostConfig.MemorySwap, hostConfig.PidsLimit, hostConfig.BlkioWeight],
    [0, -1, null, 0],
  );
  assert.deepEqual(warnings, [
    'Your kernel does not support memory limit capabilities or the cgroup is not mounted. Limitation discarded.',
    'Your kernel does not support PIDs limit capabilities or the cgroup is not mounted. PIDs limit discarded.',
    'Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.',
  ]);
});

test('older clients get what their version meant', () => {
  const body = { Annotations: { a: 'b' }, ConsoleSize: [1, 2], KernelMemory: 8 * MB };
  const old = host(body, { minor: 39 }).hostConfig;
  assert.deepEqual(
    [old.Annotations, old.ConsoleSize, old.KernelMemory, old.IpcMode],
    [undefined, [0, 0], 8 * MB, 'shareable'],
  );
  const now = host(body).hostConfig;
  assert.deepEqual(
    [now.Annotations, now.ConsoleSize, now.KernelMemory, now.IpcMode],
    [{ a: 'b' }, [1, 2], undefined, 'private'],
  );
  const mac = create({ MacAddress: '02:42:01:02:03:04' });
  assert.equal(mac.endpoints['bridge']?.MacAddress, '02:42:01:02:03:04');
  assert.match(mac.warnings[0] ?? '', /container-wide MacAddress field is now deprecated/);
  const sysctl = host({ Sysctls: { 'net.ipv4.conf.eth0.x': '1' } }, { minor: 47 });
  assert.deepEqual(sysctl.endpoints['bridge']?.DriverOpts, {
    'com.docker.network.endpoint.sysctls': 'net.ipv4.conf.IFNAME.x=1',
  });
  assert.equal(sysctl.hostConfig.Sysctls, undefined);
});

test('mounts of every kind become one list', () => {
  const { mounts } = host({
    Binds: ['/there:/a:ro,z,rslave', 'vol:/b/:nocopy', '/anon'],
    Mounts: [
      { Type: 'tmpfs', Target: '/t', TmpfsOptions: { SizeBytes: 3 * MB, Mode: 0o700 } },
      {
        Type: 'bind',
        Source: '/there',
        Target: '/r',
        ReadOnly: true,
        BindOptions: { ReadOnlyNonRecursive: true, NonRecursive: true },
      },
    ],
    Tmpfs: { '/x': 'size=1m,exec' },
    VolumesFrom: ['donor:ro'],
  });
  const rows = mounts.mounts.map((one) => [
    one.type,
    one.source || one.name,
    one.destination,
    one.mode,
    one.rw,
    one.propagation,
    one.copyUp,
  ]);
  assert.deepEqual(rows, [
    ['bind', '/there', '/a', 'ro,z,rslave', false, 'rslave', false],
    ['volume', 'vol', '/b', 'nocopy', true, '', false],
    ['volume', '', '/anon', 'z', true, '', true],
    ['tmpfs', '', '/t', '', true, '', false],
    ['bind', '/there', '/r', '', false, 'rprivate', false],
  ]);
  assert.deepEqual(mounts.mounts[3]?.options, ['mode=700', 'size=3m']);
  assert.deepEqual([mounts.mounts[4]?.recursive, mounts.mounts[4]?.readOnlyNested], [false, 'never']);
  assert.deepEqual(mounts.tmpfs, [{ destination: '/x', options: ['size=1m', 'exec'] }]);
  assert.deepEqual(mounts.volumesFrom, [{ container: 'donor', rw: false }]);
});

test('binds that have the daemon’s files in them are slaves, and nothing that keeps them', () => {
  const propagationOf = (source: string, propagation = ''): string | undefined =>
    host({ Binds: [`${source}:/x${propagation}`] }).mounts.mounts[0]?.propagation;
  for (const source of ['/', '/var', '/var/lib/berth', '/var/lib/berth/volumes/v'])
    assert.equal(propagationOf(source), 'rslave', source);
  for (const source of ['/var/lib/berth2', '/var/lib/other', '/there']) assert.equal(propagationOf(source), 'rprivate');
  assert.equal(propagationOf('/', ':rshared'), 'rshared');
  for (const propagation of ['private', 'rprivate', 'slave', 'shared'])
    assert.throws(
      () => propagationOf('/var', `:${propagation}`),
      /must use either propagation mode "rslave" or "rshared"/,
    );
});

test('an update changes what it names and leaves the rest', () => {
  const { hostConfig: current } = host({ Memory: 30 * MB, CpuShares: 5 });
  const update = (body: object) => normaliseUpdate(checkUpdate(updateSpec(body, 51), plainFacts()), 'c1', current);
  const { hostConfig, changed, warnings } = update({
    Memory: 20 * MB,
    PidsLimit: -1,
    RestartPolicy: { Name: 'always' },
  });
  assert.deepEqual(
    [
      hostConfig.Memory,
      hostConfig.MemorySwap,
      hostConfig.CpuShares,
      hostConfig.PidsLimit,
      hostConfig.RestartPolicy.Name,
    ],
    [20 * MB, 60 * MB, 5, 0, 'always'],
  );
  assert.deepEqual([changed.Memory, changed.CpuShares, changed.PidsLimit, warnings], [20 * MB, 0, 0, null]);
  assert.equal(current.Memory, 30 * MB);
  assert.throws(() => update({ Memory: 90 * MB }), {
    kind: 'conflict',
    message:
      'Cannot update container c1: Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time',
  });
  // users E15: swap without a limit stays so, and a first limit brings the swap that a create gives
  const swapOf = (settings: object): number =>
    normaliseUpdate(checkUpdate(updateSpec({ Memory: 90 * MB }, 51), plainFacts()), 'c1', host(settings).hostConfig)
      .hostConfig.MemorySwap;
  assert.deepEqual([swapOf({ Memory: 30 * MB, MemorySwap: -1 }), swapOf({})], [-1, 180 * MB]);
  assert.throws(() => update({ Memory: 5 }), { kind: 'invalid', message: 'Minimum memory limit allowed is 6MB' });
});

test('signals by name and number', () => {
  assert.deepEqual(
    ['SIGTERM', 'term', '9', 'RTMIN+3', 'rtmax-1', 'SIGRTMIN'].map(parseSignal),
    [15, 15, 9, 37, 63, 34],
  );
  for (const bad of ['0', 'SIGNOPE', '', 'RTMIN+16', 'RTMIN-1'])
    assert.throws(() => parseSignal(bad), { message: `invalid signal: ${bad}` });
  assert.deepEqual([9, 34, 50, 64, 99].map(signalName), ['KILL', 'RTMIN', 'RTMAX-14', 'RTMAX', undefined]);
});

test('names that are made up are allowed ones', () => {
  for (let i = 0; i < 50; i += 1) validateName(randomName(i));
  for (const bad of ['', 'a', '-a', 'a b', 'ä1', '/a/b'])
    assert.throws(() => validateName(bad), /^BerthError: Invalid container name/);
});
