// `linux.resources` out of a HostConfig: what the OCI runtime writes into the container's cgroup, at start and at update.
import { internal } from '../../base/errors.ts';
import type { HostConfig } from '../../spec/docker/index.ts';
import type { CgroupLayout, ThrottleTarget } from './input.ts';

/** Microseconds; NanoCpus become a quota in this period. */
const CFS_PERIOD = 100_000;

export interface ResourceInput {
  readonly hostConfig: HostConfig;
  readonly throttle: readonly ThrottleTarget[];
  readonly cgroup: CgroupLayout;
}

/** Memory, CPU, pids and block I/O; no devices, so it serves an update as well. Values are v1's, which runtimes convert to v2. */
export function resourcesFor({ hostConfig, throttle, cgroup }: ResourceInput): Record<string, unknown> {
  const memory = memoryOf(hostConfig, cgroup);
  const cpu = cpuOf(hostConfig);
  const pids = hostConfig.PidsLimit;
  return {
    ...(Object.keys(memory).length > 0 ? { memory } : {}),
    ...(Object.keys(cpu).length > 0 ? { cpu } : {}),
    // 0 and below mean no limit, which is -1 to a runtime.
    ...(typeof pids === 'number' ? { pids: { limit: pids <= 0 ? -1 : pids } } : {}),
    blockIO: blockIoOf(hostConfig, throttle),
  };
}

function memoryOf(c: HostConfig, cgroup: CgroupLayout): Record<string, unknown> {
  const memory: Record<string, unknown> = {};
  if (c.Memory > 0) memory['limit'] = c.Memory;
  if (c.MemoryReservation > 0) memory['reservation'] = c.MemoryReservation;
  if (c.MemorySwap > 0) memory['swap'] = c.MemorySwap;
  // Version 2 has no file for the rest.
  if (cgroup === 'v2') return memory;
  if (typeof c.MemorySwappiness === 'number' && c.MemorySwappiness >= 0) memory['swappiness'] = c.MemorySwappiness;
  if (typeof c.OomKillDisable === 'boolean') memory['disableOOMKiller'] = c.OomKillDisable;
  if (c.KernelMemory) memory['kernel'] = c.KernelMemory;
  if (c.KernelMemoryTCP) memory['kernelTCP'] = c.KernelMemoryTCP;
  return memory;
}

function cpuOf(c: HostConfig): Record<string, unknown> {
  if (c.CpuShares < 0) throw internal(`invalid CPU shares (${c.CpuShares}): value must be a positive integer`);
  const cpu: Record<string, unknown> = {};
  if (c.CpuShares) cpu['shares'] = c.CpuShares;
  if (c.CpusetCpus) cpu['cpus'] = c.CpusetCpus;
  if (c.CpusetMems) cpu['mems'] = c.CpusetMems;
  if (c.NanoCpus > 0) {
    cpu['period'] = CFS_PERIOD;
    cpu['quota'] = Math.trunc((c.NanoCpus * CFS_PERIOD) / 1e9);
  }
  if (c.CpuPeriod) cpu['period'] = c.CpuPeriod;
  if (c.CpuQuota) cpu['quota'] = c.CpuQuota;
  if (c.CpuRealtimePeriod) cpu['realtimePeriod'] = c.CpuRealtimePeriod;
  if (c.CpuRealtimeRuntime) cpu['realtimeRuntime'] = c.CpuRealtimeRuntime;
  return cpu;
}

const THROTTLES = {
  readBps: 'throttleReadBpsDevice',
  writeBps: 'throttleWriteBpsDevice',
  readIOps: 'throttleReadIOPSDevice',
  writeIOps: 'throttleWriteIOPSDevice',
} as const;

function blockIoOf(c: HostConfig, throttle: readonly ThrottleTarget[]): Record<string, unknown> {
  const io: Record<string, unknown> = {};
  if (c.BlkioWeight) io['weight'] = c.BlkioWeight;
  const weights = throttle.filter((one) => one.kind === 'weight');
  if (weights.length > 0)
    io['weightDevice'] = weights.map(({ major, minor, value }) => ({ major, minor, weight: value }));
  for (const [kind, key] of Object.entries(THROTTLES)) {
    const rows = throttle.filter((one) => one.kind === kind);
    if (rows.length > 0) io[key] = rows.map(({ major, minor, value }) => ({ major, minor, rate: value }));
  }
  return io;
}
