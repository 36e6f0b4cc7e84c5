// An update against what the container has: new settings, and only what changed for the runtime.
import { conflict } from '../../base/errors.ts';
import type { HostConfig } from '../../spec/docker/index.ts';
import type { Resources } from '../../spec/docker/schemas/index.ts';
import { checkRestartPolicy } from './check-host.ts';
import { checkResources } from './check-resources.ts';
import type { CreateFacts } from './facts.ts';

export interface NormalisedUpdate {
  /** The container's settings with the update in them. */
  readonly hostConfig: HostConfig;
  /** A HostConfig that has the updated limits alone, for `resourcesFor`. */
  readonly changed: HostConfig;
  /** null when there are none, as dockerd answers. */
  readonly warnings: string[] | null;
}

/** What is to be changed; 0, '' and null leave a limit as it is. */
export interface UpdateSpec {
  readonly limits: Resources;
  /** Without a name it stays. */
  readonly restartPolicy: HostConfig['RestartPolicy'];
  /** Limits of block devices count too. */
  readonly devices: boolean;
}

/** An update that makes sense by itself, whatever the container has. */
export interface CheckedUpdate extends UpdateSpec {
  readonly warnings: readonly string[];
}

const NUMBERS = [
  'BlkioWeight',
  'CpuShares',
  'NanoCpus',
  'CpuPeriod',
  'CpuQuota',
  'Memory',
  'MemorySwap',
  'MemoryReservation',
  'CpuRealtimePeriod',
  'CpuRealtimeRuntime',
] as const;
const BLKIO_DEVICES = [
  'BlkioDeviceReadBps',
  'BlkioDeviceWriteBps',
  'BlkioDeviceReadIOps',
  'BlkioDeviceWriteIOps',
] as const;

/** Throws invalid for values that make no sense. */
export function checkUpdate(spec: UpdateSpec, facts: CreateFacts): CheckedUpdate {
  const limits = { ...spec.limits };
  if (limits.PidsLimit !== null && limits.PidsLimit <= 0) limits.PidsLimit = 0;
  checkRestartPolicy(spec.restartPolicy);
  return { ...spec, limits, warnings: checkResources(limits, facts, true) };
}

/** Throws conflict for values that do not go with what is set. */
export function normaliseUpdate(update: CheckedUpdate, id: string, current: HostConfig): NormalisedUpdate {
  const { restartPolicy: policy, devices } = update;
  const wanted = { ...update.limits };
  checkAgainst(wanted, current, id);
  // without a limit there was no swap either: it gets what a create gives; swap without a limit (-1) stays as it is
  if (wanted.Memory > 0 && wanted.MemorySwap === 0 && current.MemorySwap === 0) wanted.MemorySwap = wanted.Memory * 2;

  const hostConfig = structuredClone(current);
  const changed = blank(current);
  for (const into of [hostConfig, changed]) apply(wanted, into, devices);
  if (policy.Name !== '') {
    if (current.AutoRemove && policy.Name !== 'no') {
      throw refused(id, 'Restart policy cannot be updated because AutoRemove is enabled for the container');
    }
    hostConfig.RestartPolicy = policy;
  }
  return {
    hostConfig,
    changed,
    warnings: update.warnings.length > 0 ? [...update.warnings] : null,
  };
}

function refused(id: string, why: string): Error {
  return conflict(`Cannot update container ${id}: ${why}`);
}

/** NanoCpus is another way to write period and quota; one that is set rules the other out. */
function checkAgainst(wanted: Resources, current: HostConfig, id: string): void {
  const clash = (what: string, other: string): Error =>
    refused(id, `Conflicting options: ${what} cannot be updated as ${other} has already been set`);
  if (wanted.NanoCpus > 0 && current.CpuPeriod > 0) throw clash('Nano CPUs', 'CPU Period');
  if (wanted.NanoCpus > 0 && current.CpuQuota > 0) throw clash('Nano CPUs', 'CPU Quota');
  if (wanted.CpuPeriod > 0 && current.NanoCpus > 0) throw clash('CPU Period', 'NanoCPUs');
  if (wanted.CpuQuota > 0 && current.NanoCpus > 0) throw clash('CPU Quota', 'NanoCPUs');
  if (wanted.Memory > current.MemorySwap && current.MemorySwap > 0 && wanted.MemorySwap === 0) {
    throw refused(
      id,
      'Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time',
    );
  }
}

/** Nothing is left out of an update by being zero: zero means "as it was". */
function apply(wanted: Resources, into: HostConfig, devices: boolean): void {
  for (const field of NUMBERS) if (wanted[field] !== 0) into[field] = wanted[field];
  if (wanted.CpusetCpus !== '') into.CpusetCpus = wanted.CpusetCpus;
  if (wanted.CpusetMems !== '') into.CpusetMems = wanted.CpusetMems;
  if (wanted.KernelMemory) into.KernelMemory = wanted.KernelMemory;
  if (wanted.PidsLimit !== null) into.PidsLimit = wanted.PidsLimit;
  if (!devices) return;
  if (wanted.BlkioWeightDevice !== null) into.BlkioWeightDevice = wanted.BlkioWeightDevice;
  for (const field of BLKIO_DEVICES) if (wanted[field] !== null) into[field] = wanted[field];
}

/** The container's settings without limits. */
function blank(current: HostConfig): HostConfig {
  const zeros = Object.fromEntries(NUMBERS.map((field) => [field, 0])) as Record<(typeof NUMBERS)[number], 0>;
  const { KernelMemory: _kernel, KernelMemoryTCP: _tcp, ...rest } = structuredClone(current);
  return {
    ...rest,
    ...zeros,
    CpusetCpus: '',
    CpusetMems: '',
    PidsLimit: null,
    OomKillDisable: null,
    MemorySwappiness: null,
    BlkioWeightDevice: null,
    BlkioDeviceReadBps: null,
    BlkioDeviceWriteBps: null,
    BlkioDeviceReadIOps: null,
    BlkioDeviceWriteIOps: null,
  };
}
