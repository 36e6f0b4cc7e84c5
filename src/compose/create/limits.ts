// A service's limits and restart policy as the engine takes them. Pure.
import type { HostConfig, DeepPartial, RestartPolicyName } from '../../spec/docker/container.ts';
import type { DeviceRequest, Service } from '../model/project.ts';

type Limits = DeepPartial<HostConfig>;

const bytes = (text: string | undefined): number => (text === undefined ? 0 : Number(text));

export function limitsOf(service: Service): Limits {
  const { limits, reservations } = service.deploy?.resources ?? {};
  const devices = [...(reservations?.devices ?? []), ...(service.gpus ?? []).map(withGpu)];
  const cpus = limits?.cpus ?? service.cpus;
  const memory = limits?.memory ?? service.mem_limit;
  const reserved = reservations?.memory ?? service.mem_reservation;
  const pids = limits?.pids ?? service.pids_limit;
  return {
    CgroupParent: service.cgroup_parent ?? '',
    Memory: bytes(memory),
    MemoryReservation: bytes(reserved),
    MemorySwap: bytes(service.memswap_limit),
    ...(service.mem_swappiness === undefined ? {} : { MemorySwappiness: Number(service.mem_swappiness) }),
    NanoCpus: Math.round((cpus ?? 0) * 1e9),
    CpuCount: service.cpu_count ?? 0,
    CpuPercent: service.cpu_percent ?? 0,
    CpuPeriod: service.cpu_period ?? 0,
    CpuQuota: service.cpu_quota ?? 0,
    CpuRealtimePeriod: service.cpu_rt_period ?? 0,
    CpuRealtimeRuntime: service.cpu_rt_runtime ?? 0,
    CpuShares: service.cpu_shares ?? 0,
    CpusetCpus: service.cpuset ?? '',
    ...(pids === undefined ? {} : { PidsLimit: pids }),
    OomKillDisable: service.oom_kill_disable ?? false,
    OomScoreAdj: service.oom_score_adj ?? 0,
    ...blkio(service),
    ...(devices.length === 0 ? {} : { DeviceRequests: devices.map(deviceRequest) }),
    ...(service.devices === undefined
      ? {}
      : {
          Devices: service.devices.map(({ source = '', target, permissions }) => ({
            PathOnHost: source,
            PathInContainer: target ?? source,
            CgroupPermissions: permissions ?? 'rwm',
          })),
        }),
    ...(service.device_cgroup_rules === undefined ? {} : { DeviceCgroupRules: [...service.device_cgroup_rules] }),
    ...(service.ulimits === undefined ? {} : { Ulimits: ulimits(service.ulimits) }),
  };
}

function ulimits(limits: NonNullable<Service['ulimits']>) {
  return Object.entries(limits).map(([Name, limit]) => {
    if (typeof limit === 'number') return { Name, Soft: limit, Hard: limit };
    const { single, soft = single ?? 0, hard = single ?? 0 } = limit;
    return { Name, Soft: soft, Hard: hard };
  });
}

function withGpu(request: DeviceRequest): DeviceRequest {
  return { ...request, capabilities: [...new Set([...(request.capabilities ?? []), 'gpu'])] };
}

function deviceRequest({ driver = '', count, device_ids: ids, capabilities, options }: DeviceRequest) {
  return {
    Driver: driver,
    Count: count ?? (ids === undefined || ids.length === 0 ? -1 : 0),
    DeviceIDs: ids === undefined ? null : [...ids],
    Capabilities: [[...(capabilities ?? [])]],
    Options: options === undefined ? null : { ...options },
  };
}

function blkio({ blkio_config: config }: Service): Limits {
  if (config === undefined) return {};
  const throttled = (list: typeof config.device_read_bps) =>
    (list ?? []).map(({ Path, Rate }) => ({ Path, Rate: Number(Rate) }));
  return {
    BlkioWeight: config.weight ?? 0,
    BlkioWeightDevice: (config.weight_device ?? []).map((one) => ({ ...one })),
    BlkioDeviceReadBps: throttled(config.device_read_bps),
    BlkioDeviceReadIOps: throttled(config.device_read_iops),
    BlkioDeviceWriteBps: throttled(config.device_write_bps),
    BlkioDeviceWriteIOps: throttled(config.device_write_iops),
  };
}

/** `restart:` says it, or else the deployment's policy. */
export function restartPolicy({ restart, deploy }: Service): HostConfig['RestartPolicy'] {
  if (restart !== undefined && restart !== '') {
    const [name = '', attempts] = restart.split(':');
    return { Name: name as RestartPolicyName, MaximumRetryCount: Number(attempts ?? 0) };
  }
  const policy = deploy?.restart_policy;
  if (policy === undefined) return { Name: '', MaximumRetryCount: 0 };
  const names: Readonly<Record<string, RestartPolicyName>> = { none: 'no', any: 'always', 'on-failure': 'on-failure' };
  return {
    Name: names[policy.condition ?? 'any'] ?? (policy.condition as RestartPolicyName),
    MaximumRetryCount: policy.max_attempts ?? 0,
  };
}
