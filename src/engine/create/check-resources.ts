// Limits: refused when they make no sense, dropped with a warning when the host cannot enforce them. Used by create and update.
import { invalid, messageOf } from '../../base/errors.ts';
import type { Resources } from '../../spec/docker/schemas/index.ts';
import { isWithinCpuset } from './cpuset.ts';
import type { CreateFacts } from './facts.ts';

/** Below this nothing useful starts. */
const MIN_MEMORY = 6 * 1024 * 1024;

/** Changes `r` in place where the host cannot do what is asked; gives the warnings. Throws invalid in dockerd's words. */
export function checkResources(r: Resources, facts: CreateFacts, update = false): string[] {
  return [
    ...checkMemory(r, facts, update),
    ...checkProcesses(r, facts),
    ...checkCpu(r, facts),
    ...checkCpuset(r, facts),
    ...checkBlockIo(r, facts),
  ];
}

function checkMemory(r: Resources, { support }: CreateFacts, update: boolean): string[] {
  const warnings: string[] = [];
  // -1 has always meant "not set" here.
  if (r.MemorySwappiness === -1) r.MemorySwappiness = null;
  if (r.Memory !== 0 && r.Memory < MIN_MEMORY) throw invalid('Minimum memory limit allowed is 6MB');
  if (r.Memory > 0 && !support.memoryLimit) {
    warnings.push(lacks('memory limit capabilities', 'Limitation discarded.'));
    r.Memory = 0;
    r.MemorySwap = -1;
  }
  if (r.Memory > 0 && r.MemorySwap !== -1 && !support.swapLimit) {
    warnings.push(lacks('swap limit capabilities', 'Memory limited without swap.'));
    r.MemorySwap = -1;
  }
  if (r.Memory > 0 && r.MemorySwap > 0 && r.MemorySwap < r.Memory) {
    throw invalid('Minimum memoryswap limit should be larger than memory limit, see usage');
  }
  if (r.Memory === 0 && r.MemorySwap > 0 && !update) {
    throw invalid('You should always set the Memory limit when using Memoryswap limit, see usage');
  }
  if (typeof r.MemorySwappiness === 'number' && !support.memorySwappiness) {
    warnings.push(lacks('memory swappiness capabilities', 'Memory swappiness discarded.'));
    r.MemorySwappiness = null;
  }
  if (typeof r.MemorySwappiness === 'number' && (r.MemorySwappiness < 0 || r.MemorySwappiness > 100)) {
    throw invalid(`Invalid value: ${r.MemorySwappiness}, valid memory swappiness range is 0-100`);
  }
  if (r.MemoryReservation > 0 && !support.memoryReservation) {
    warnings.push(lacks('memory soft limit capabilities', 'Limitation discarded.'));
    r.MemoryReservation = 0;
  }
  if (r.MemoryReservation > 0 && r.MemoryReservation < MIN_MEMORY) {
    throw invalid('Minimum memory reservation allowed is 6MB');
  }
  if (r.Memory > 0 && r.MemoryReservation > 0 && r.Memory < r.MemoryReservation) {
    throw invalid('Minimum memory limit can not be less than memory reservation limit, see usage');
  }
  if (r.KernelMemory !== undefined && r.KernelMemory > 0 && !support.kernelMemory) {
    warnings.push(lacks('kernel memory limit capabilities', 'Limitation discarded.'));
    delete r.KernelMemory;
  }
  if (r.KernelMemory !== undefined && r.KernelMemory > 0 && r.KernelMemory < MIN_MEMORY) {
    throw invalid('Minimum kernel memory limit allowed is 6MB');
  }
  return warnings;
}

function checkProcesses(r: Resources, { support }: CreateFacts): string[] {
  const warnings: string[] = [];
  if (r.OomKillDisable !== null && !support.oomKillDisable) {
    if (r.OomKillDisable) warnings.push('Your kernel does not support OomKillDisable. OomKillDisable discarded.');
    r.OomKillDisable = null;
  }
  if (r.OomKillDisable === true && r.Memory === 0) {
    warnings.push(
      'OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.',
    );
  }
  if (r.PidsLimit !== null && !support.pidsLimit) {
    if (r.PidsLimit > 0) warnings.push(lacks('PIDs limit capabilities', 'PIDs limit discarded.'));
    r.PidsLimit = null;
  }
  return warnings;
}

function checkCpu(r: Resources, { support, cpus }: CreateFacts): string[] {
  const warnings: string[] = [];
  if (r.NanoCpus > 0 && r.CpuPeriod > 0) {
    throw invalid('Conflicting options: Nano CPUs and CPU Period cannot both be set');
  }
  if (r.NanoCpus > 0 && r.CpuQuota > 0) {
    throw invalid('Conflicting options: Nano CPUs and CPU Quota cannot both be set');
  }
  if (r.NanoCpus > 0 && !support.cpuCfs) {
    throw invalid(
      'NanoCPUs can not be set, as your kernel does not support CPU CFS scheduler or the cgroup is not mounted',
    );
  }
  if (r.NanoCpus < 0 || r.NanoCpus > cpus * 1e9) {
    throw invalid(`range of CPUs is from 0.01 to ${cpus}.00, as there are only ${cpus} CPUs available`);
  }
  if (r.CpuShares > 0 && !support.cpuShares) {
    warnings.push(lacks('CPU shares', 'Shares discarded.'));
    r.CpuShares = 0;
  }
  if ((r.CpuPeriod !== 0 || r.CpuQuota !== 0) && !support.cpuCfs) {
    warnings.push('Your kernel does not support CPU CFS scheduler. CPU period/quota discarded.');
    r.CpuPeriod = 0;
    r.CpuQuota = 0;
  }
  if (r.CpuPeriod !== 0 && (r.CpuPeriod < 1000 || r.CpuPeriod > 1_000_000)) {
    throw invalid('CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)');
  }
  if (r.CpuQuota > 0 && r.CpuQuota < 1000) throw invalid('CPU cfs quota can not be less than 1ms (i.e. 1000)');
  if (r.CpuPercent > 0) {
    warnings.push('linux does not support CPU percent. Percent discarded.');
    r.CpuPercent = 0;
  }
  return warnings;
}

function checkCpuset(r: Resources, { support, cpusetCpus, cpusetMems }: CreateFacts): string[] {
  const warnings: string[] = [];
  if ((r.CpusetCpus !== '' || r.CpusetMems !== '') && !support.cpuset) {
    warnings.push(lacks('cpuset', 'Cpuset discarded.'));
    r.CpusetCpus = '';
    r.CpusetMems = '';
  }
  const check = (wanted: string, there: string, kind: string, name: string): void => {
    let fits: boolean;
    try {
      fits = isWithinCpuset(wanted, there);
    } catch (cause) {
      throw invalid(`Invalid value ${wanted} for ${kind}: ${messageOf(cause)}`, { cause });
    }
    if (!fits) throw invalid(`Requested ${name} are not available - requested ${wanted}, available: ${there}`);
  };
  check(r.CpusetCpus, cpusetCpus, 'cpuset cpus', 'CPUs');
  check(r.CpusetMems, cpusetMems, 'cpuset mems', 'memory nodes');
  return warnings;
}

function checkBlockIo(r: Resources, { support }: CreateFacts): string[] {
  const warnings: string[] = [];
  if (r.BlkioWeight > 0 && !support.blkioWeight) {
    warnings.push(lacks('Block I/O weight', 'Weight discarded.'));
    r.BlkioWeight = 0;
  }
  if (r.BlkioWeight > 0 && (r.BlkioWeight < 10 || r.BlkioWeight > 1000)) {
    throw invalid('Range of blkio weight is from 10 to 1000');
  }
  if (r.IOMaximumBandwidth !== 0 || r.IOMaximumIOps !== 0) {
    throw invalid('Invalid QoS settings: linux does not support Maximum IO Bandwidth or Maximum IO IOps');
  }
  if ((r.BlkioWeightDevice ?? []).length > 0 && !support.blkioWeightDevice) {
    warnings.push(lacks('Block I/O weight_device', 'Weight-device discarded.'));
    r.BlkioWeightDevice = [];
  }
  const throttles = [
    ['BlkioDeviceReadBps', support.blkioReadBps, 'BPS Block I/O read limit', 'Block I/O BPS read limit discarded.'],
    ['BlkioDeviceWriteBps', support.blkioWriteBps, 'BPS Block I/O write limit', 'Block I/O BPS write limit discarded.'],
    ['BlkioDeviceReadIOps', support.blkioReadIOps, 'IOPS Block read limit', 'Block I/O IOPS read limit discarded.'],
    ['BlkioDeviceWriteIOps', support.blkioWriteIOps, 'IOPS Block write limit', 'Block I/O IOPS write limit discarded.'],
  ] as const;
  for (const [field, supported, what, consequence] of throttles) {
    if ((r[field] ?? []).length === 0 || supported) continue;
    warnings.push(lacks(what, consequence));
    r[field] = [];
  }
  return warnings;
}

function lacks(what: string, consequence: string): string {
  return `Your kernel does not support ${what} or the cgroup is not mounted. ${consequence}`;
}
