// The flags of `run` and `create` -> the body of POST /containers/create.
import { readKeyValueFile, withProfile } from '../../../client/container/index.ts';
import type { ContainerCreateBody, DeviceMapping, HealthConfig } from '../../../spec/docker/container.ts';
import {
  endpoints,
  isCdi,
  isMac,
  parseDevice,
  parseLogging,
  parsePorts,
  parseRestart,
  parseSecurity,
  parseStorage,
  parseVolume,
  toMap,
} from '../../../spec/docker/shorthand/index.ts';
import type { ContainerFlags } from './flags.ts';

export interface CreateInput {
  readonly flags: ContainerFlags;
  readonly changed: (name: string) => boolean;
  readonly image: string;
  readonly command: readonly string[];
}

/** A device that can't be read: whether it is wrong depends on the operating system of the daemon. */
export class DeviceError extends Error {}

/** Reads env and label files and seccomp profiles. Throws Error with Docker's text. */
export function createBody(input: CreateInput): ContainerCreateBody {
  const { flags, changed } = input;
  if (flags['mac-address'] !== '' && !isMac(flags['mac-address'].trim())) {
    throw new Error(`${flags['mac-address']} is not a valid mac address`);
  }
  const swappiness = flags['memory-swappiness'];
  if (swappiness !== -1 && (swappiness < 0 || swappiness > 100)) {
    throw new Error(`invalid value: ${swappiness}. Valid memory swappiness range is 0-100`);
  }
  const volumes = readVolumes(flags.volume);
  const ports = parsePorts(flags.publish, flags.expose);
  const devices = readDevices(flags.device);
  const env = [...flags['env-file'].flatMap((path) => readKeyValueFile(path, (key) => process.env[key])), ...flags.env];
  const labels = toMap([...flags['label-file'].flatMap((path) => readKeyValueFile(path)), ...flags.label]);
  checkModes(flags);
  const restart = parseRestart(flags.restart);
  const logging = parseLogging(flags['log-driver'], flags['log-opt']);
  const security = parseSecurity(flags['security-opt']);
  const securityOptions = security.options.map(withProfile);
  const storage = parseStorage(flags['storage-opt']);
  const health = readHealth(flags);
  if (flags.rm && restart.Name !== '' && restart.Name !== 'no') {
    throw new Error('conflicting options: cannot specify both --restart and --rm');
  }
  const networks = endpoints(flags.network, {
    aliases: flags['network-alias'],
    links: flags.link,
    ipv4: flags.ip,
    ipv6: flags.ip6,
    mac: flags['mac-address'],
    linkLocal: flags['link-local-ip'],
  });
  const mode = flags.network[0]?.target ?? 'default';
  const attached = new Set(flags.attach);
  const stdin = flags.interactive || attached.has('stdin');
  const requests = [
    ...flags.gpus,
    ...(devices.cdi.length > 0
      ? [{ Driver: 'cdi', Count: 0, DeviceIDs: devices.cdi, Capabilities: null, Options: null }]
      : []),
  ];
  return {
    Hostname: flags.hostname,
    Domainname: flags.domainname,
    User: flags.user,
    AttachStdin: stdin,
    AttachStdout: attached.size === 0 || attached.has('stdout'),
    AttachStderr: attached.size === 0 || attached.has('stderr'),
    ...(Object.keys(ports.exposed).length > 0 ? { ExposedPorts: ports.exposed } : {}),
    Tty: flags.tty,
    OpenStdin: flags.interactive,
    StdinOnce: flags.interactive && stdin,
    Env: env,
    Cmd: input.command.length > 0 ? [...input.command] : null,
    ...(health ? { Healthcheck: health } : {}),
    Image: input.image,
    Volumes: volumes.anonymous,
    WorkingDir: flags.workdir,
    Entrypoint: flags.entrypoint !== '' ? [flags.entrypoint] : changed('entrypoint') ? [''] : null,
    // Daemons before API 1.44 read the address of the first network from here.
    ...(networks[mode]?.MacAddress ? { MacAddress: networks[mode].MacAddress } : {}),
    Labels: labels,
    ...(flags['stop-signal'] !== '' ? { StopSignal: flags['stop-signal'] } : {}),
    ...(changed('stop-timeout') ? { StopTimeout: flags['stop-timeout'] } : {}),
    HostConfig: {
      ...resources(flags),
      Binds: volumes.binds.length > 0 ? volumes.binds : null,
      ContainerIDFile: flags.cidfile,
      LogConfig: { Type: flags['log-driver'], Config: logging },
      NetworkMode: mode,
      PortBindings: ports.bindings,
      RestartPolicy: restart,
      AutoRemove: flags.rm,
      VolumeDriver: flags['volume-driver'],
      VolumesFrom: orNull(flags['volumes-from']),
      ...(flags.annotation.size > 0 ? { Annotations: Object.fromEntries(flags.annotation) } : {}),
      CapAdd: orNull(flags['cap-add']),
      CapDrop: orNull(flags['cap-drop']),
      CgroupnsMode: flags.cgroupns as '' | 'host' | 'private',
      Dns: [...flags.dns],
      DnsOptions: [...flags['dns-option']],
      DnsSearch: [...flags['dns-search']],
      ExtraHosts: orNull(flags['add-host']),
      GroupAdd: orNull(flags['group-add']),
      IpcMode: flags.ipc,
      Links: orNull(flags.link),
      OomScoreAdj: flags['oom-score-adj'],
      PidMode: flags.pid,
      Privileged: flags.privileged,
      PublishAllPorts: flags['publish-all'],
      ReadonlyRootfs: flags['read-only'],
      SecurityOpt: orNull(securityOptions),
      ...(Object.keys(storage).length > 0 ? { StorageOpt: storage } : {}),
      ...(flags.tmpfs.length > 0 ? { Tmpfs: Object.fromEntries(flags.tmpfs.map(splitTmpfs)) } : {}),
      UTSMode: flags.uts,
      UsernsMode: flags.userns,
      ShmSize: flags['shm-size'],
      ...(flags.sysctl.size > 0 ? { Sysctls: Object.fromEntries(flags.sysctl) } : {}),
      Runtime: flags.runtime,
      Isolation: flags.isolation,
      Devices: devices.mappings,
      DeviceRequests: requests.length > 0 ? requests.map((one) => ({ ...one })) : null,
      ...(flags.mount.length > 0 ? { Mounts: flags.mount.map((one) => ({ ...one })) } : {}),
      MaskedPaths: security.maskedPaths,
      ReadonlyPaths: security.readonlyPaths,
      ...(changed('init') ? { Init: flags.init } : {}),
    },
    NetworkingConfig: { EndpointsConfig: networks },
  };
}

function resources(flags: ContainerFlags) {
  return {
    CpuShares: flags['cpu-shares'],
    Memory: flags.memory,
    NanoCpus: flags.cpus,
    CgroupParent: flags['cgroup-parent'],
    BlkioWeight: flags['blkio-weight'],
    BlkioWeightDevice: [...flags['blkio-weight-device']],
    BlkioDeviceReadBps: [...flags['device-read-bps']],
    BlkioDeviceWriteBps: [...flags['device-write-bps']],
    BlkioDeviceReadIOps: [...flags['device-read-iops']],
    BlkioDeviceWriteIOps: [...flags['device-write-iops']],
    CpuPeriod: flags['cpu-period'],
    CpuQuota: flags['cpu-quota'],
    CpuRealtimePeriod: flags['cpu-rt-period'],
    CpuRealtimeRuntime: flags['cpu-rt-runtime'],
    CpusetCpus: flags['cpuset-cpus'],
    CpusetMems: flags['cpuset-mems'],
    DeviceCgroupRules: orNull(flags['device-cgroup-rule']),
    ...(flags['kernel-memory'] === 0 ? {} : { KernelMemory: flags['kernel-memory'] }),
    MemoryReservation: flags['memory-reservation'],
    MemorySwap: flags['memory-swap'],
    MemorySwappiness: flags['memory-swappiness'],
    OomKillDisable: flags['oom-kill-disable'],
    PidsLimit: flags['pids-limit'],
    Ulimits: [...flags.ulimit].sort((a, b) => (a.Name < b.Name ? -1 : 1)),
    CpuCount: flags['cpu-count'],
    CpuPercent: flags['cpu-percent'],
    IOMaximumIOps: flags['io-maxiops'],
    IOMaximumBandwidth: flags['io-maxbandwidth'],
  };
}

const orNull = <T>(values: readonly T[]): T[] | null => (values.length > 0 ? [...values] : null);

function splitTmpfs(text: string): [string, string] {
  const colon = text.indexOf(':');
  return colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
}

function readVolumes(given: readonly string[]): { binds: string[]; anonymous: Record<string, object> } {
  const binds: string[] = [];
  const anonymous: Record<string, object> = {};
  for (const text of new Set(given)) {
    const bind = parseVolume(text, process.cwd());
    if (bind === undefined) anonymous[text] = {};
    else binds.push(bind);
  }
  return { binds, anonymous };
}

function readDevices(given: readonly string[]): { mappings: DeviceMapping[]; cdi: string[] } {
  const cdi = given.filter(isCdi);
  try {
    return { cdi, mappings: given.filter((text) => !isCdi(text)).map(parseDevice) };
  } catch (error) {
    throw new DeviceError((error as Error).message);
  }
}

function checkModes(flags: ContainerFlags): void {
  const one = (name: 'pid' | 'uts' | 'userns' | 'cgroupns', allowed: RegExp, what: string): void => {
    if (!allowed.test(flags[name])) throw new Error(`--${name}: invalid ${what} mode`);
  };
  one('pid', /^(host|container:.+)?$/, 'PID');
  one('uts', /^(host)?$/, 'UTS');
  one('userns', /^(host)?$/, 'USER');
  one('cgroupns', /^(host|private)?$/, 'CGROUP');
}

function readHealth(flags: ContainerFlags): HealthConfig | undefined {
  const nanos = (name: 'interval' | 'timeout' | 'start-period' | 'start-interval'): bigint => flags[`health-${name}`];
  const given =
    flags['health-cmd'] !== '' ||
    flags['health-retries'] !== 0 ||
    (['interval', 'timeout', 'start-period', 'start-interval'] as const).some((name) => nanos(name) !== 0n);
  if (flags['no-healthcheck']) {
    if (given) throw new Error('--no-healthcheck conflicts with --health-* options');
    return { Test: ['NONE'] };
  }
  if (!given) return undefined;
  const positive = (name: string, value: bigint | number): void => {
    if (value < 0) throw new Error(`--health-${name} cannot be negative`);
  };
  positive('interval', nanos('interval'));
  positive('timeout', nanos('timeout'));
  positive('retries', flags['health-retries']);
  positive('start-period', nanos('start-period'));
  positive('start-interval', nanos('start-interval'));
  return {
    ...(flags['health-cmd'] === '' ? {} : { Test: ['CMD-SHELL', flags['health-cmd']] }),
    ...(nanos('interval') === 0n ? {} : { Interval: Number(nanos('interval')) }),
    ...(nanos('timeout') === 0n ? {} : { Timeout: Number(nanos('timeout')) }),
    ...(nanos('start-period') === 0n ? {} : { StartPeriod: Number(nanos('start-period')) }),
    ...(nanos('start-interval') === 0n ? {} : { StartInterval: Number(nanos('start-interval')) }),
    ...(flags['health-retries'] === 0 ? {} : { Retries: flags['health-retries'] }),
  };
}
