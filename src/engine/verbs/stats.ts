// What a container uses of processor, memory, disk and processes, read from its control groups.
import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { nowNanos, rfc3339, ZERO_TIME } from '../../base/clock.ts';
import { type CgroupTrees, controllerDirectory, readControl } from '../../host/cgroup.ts';
import type { Container } from '../container/container.ts';
import { cgroupPath, type EngineContext } from '../container/context.ts';
import { hasProcess } from '../lifecycle/index.ts';

export interface StatsOptions {
  readonly stream: boolean;
  /** Without the second sample that a processor share needs. */
  readonly oneShot: boolean;
}

interface CpuStats {
  cpu_usage: { total_usage: number; percpu_usage?: number[]; usage_in_kernelmode: number; usage_in_usermode: number };
  system_cpu_usage?: number;
  online_cpus?: number;
  throttling_data: { periods: number; throttled_periods: number; throttled_time: number };
}

const NO_CPU: CpuStats = {
  cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
  throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
};

/** One JSON object a second while `stream`; one in all otherwise. Ends with the container. */
export function stats(
  context: EngineContext,
  reference: string,
  options: StatsOptions,
  signal: AbortSignal,
): AsyncGenerator<object> {
  const container = context.registry.get(reference);
  return samples(context, container, options, signal);
}

async function* samples(
  context: EngineContext,
  container: Container,
  options: StatsOptions,
  signal: AbortSignal,
): AsyncGenerator<object> {
  const [gone, left] = [new AbortController(), new AbortController()];
  container.removed(left.signal).then(
    () => gone.abort(),
    () => undefined,
  );
  try {
    yield* samplesUntil(context, container, options, AbortSignal.any([signal, gone.signal]));
  } finally {
    left.abort();
  }
}

async function* samplesUntil(
  context: EngineContext,
  container: Container,
  options: StatsOptions,
  over: AbortSignal,
): AsyncGenerator<object> {
  let before: { cpu: CpuStats; at: string } | undefined;
  while (!over.aborted) {
    if (!hasProcess(container.state.phase)) {
      yield empty(container);
      if (!options.stream) return;
    } else {
      const now = { cpu: readCpu(context, container), at: rfc3339(nowNanos()) };
      const needsSecond = !options.stream && !options.oneShot && before === undefined;
      if (!needsSecond) {
        yield sample(context, container, now, before);
        if (!options.stream) return;
      }
      before = now;
    }
    await pause(1000, over);
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done, { once: true });
  });
}

function empty(container: Container): object {
  return {
    name: `/${container.record.name}`,
    id: container.id,
    read: ZERO_TIME,
    preread: ZERO_TIME,
    pids_stats: {},
    blkio_stats: NO_BLKIO,
    num_procs: 0,
    storage_stats: {},
    cpu_stats: NO_CPU,
    precpu_stats: NO_CPU,
    memory_stats: {},
    networks: {},
  };
}

const NO_BLKIO = {
  io_service_bytes_recursive: null as null | object[],
  io_serviced_recursive: null,
  io_queue_recursive: null,
  io_service_time_recursive: null,
  io_wait_time_recursive: null,
  io_merged_recursive: null,
  io_time_recursive: null,
  sectors_recursive: null,
};

function sample(
  context: EngineContext,
  container: Container,
  now: { cpu: CpuStats; at: string },
  before: { cpu: CpuStats; at: string } | undefined,
): object {
  const trees = context.runtime.cgroups;
  const path = cgroupPath(context, container);
  const pids = controllerDirectory(trees, 'pids', path);
  const limit = readControl(pids, 'pids.max');
  return {
    name: `/${container.record.name}`,
    id: container.id,
    read: now.at,
    preread: before?.at ?? ZERO_TIME,
    pids_stats: {
      current: Number(readControl(pids, 'pids.current') ?? 0),
      ...(limit === undefined || limit === 'max' ? {} : { limit: Number(limit) }),
    },
    blkio_stats: {
      // as dockerd: lists of what control groups of this layout have, null for what they never have
      ...(trees.layout === 'v2' ? NO_BLKIO : Object.fromEntries(Object.keys(NO_BLKIO).map((key) => [key, []]))),
      io_service_bytes_recursive: readBlkio(trees, path),
    },
    num_procs: 0,
    storage_stats: {},
    cpu_stats: now.cpu,
    precpu_stats: before?.cpu ?? NO_CPU,
    memory_stats: readMemory(trees, path),
    networks: readNetworks(container),
  };
}

/** `key value` lines of a control file as numbers. */
function flatKeyed(text: string | undefined): Record<string, number> {
  return Object.fromEntries(
    (text ?? '')
      .split('\n')
      .flatMap((line) => (line === '' ? [] : [[line.split(' ')[0] ?? '', Number(line.split(' ')[1])]])),
  );
}

function readCpu(context: EngineContext, container: Container): CpuStats {
  const trees = context.runtime.cgroups;
  const path = cgroupPath(context, container);
  const system = { system_cpu_usage: hostCpuNanos(), online_cpus: cpus().length };
  if (trees.layout === 'v2') {
    const stat = flatKeyed(readControl(controllerDirectory(trees, '', path), 'cpu.stat'));
    return {
      cpu_usage: {
        total_usage: (stat['usage_usec'] ?? 0) * 1000,
        usage_in_kernelmode: (stat['system_usec'] ?? 0) * 1000,
        usage_in_usermode: (stat['user_usec'] ?? 0) * 1000,
      },
      ...system,
      throttling_data: {
        periods: stat['nr_periods'] ?? 0,
        throttled_periods: stat['nr_throttled'] ?? 0,
        throttled_time: (stat['throttled_usec'] ?? 0) * 1000,
      },
    };
  }
  const account = controllerDirectory(trees, 'cpuacct', path);
  const ticks = flatKeyed(readControl(account, 'cpuacct.stat'));
  const throttled = flatKeyed(readControl(controllerDirectory(trees, 'cpu', path), 'cpu.stat'));
  const perCpu = (readControl(account, 'cpuacct.usage_percpu') ?? '')
    .split(' ')
    .filter((word) => word !== '')
    .map(Number);
  return {
    cpu_usage: {
      total_usage: Number(readControl(account, 'cpuacct.usage') ?? 0),
      ...(perCpu.length > 0 ? { percpu_usage: perCpu } : {}),
      usage_in_kernelmode: (ticks['system'] ?? 0) * 1e7,
      usage_in_usermode: (ticks['user'] ?? 0) * 1e7,
    },
    ...system,
    throttling_data: {
      periods: throttled['nr_periods'] ?? 0,
      throttled_periods: throttled['nr_throttled'] ?? 0,
      throttled_time: throttled['throttled_time'] ?? 0,
    },
  };
}

/** Nanoseconds that all processors of the host have spent, idle included: /proc/stat counts hundredths of a second. */
function hostCpuNanos(): number {
  const line = /^cpu +(.*)$/m.exec(readFileSync('/proc/stat', 'latin1'))?.[1] ?? '';
  return (
    line
      .split(' ')
      .slice(0, 7)
      .reduce((sum, word) => sum + Number(word), 0) * 1e7
  );
}

function readMemory(trees: CgroupTrees, path: string): object {
  const v2 = trees.layout === 'v2';
  const directory = controllerDirectory(trees, 'memory', path);
  const usage = Number(readControl(directory, v2 ? 'memory.current' : 'memory.usage_in_bytes') ?? 0);
  const wanted = Number(readControl(directory, v2 ? 'memory.max' : 'memory.limit_in_bytes') ?? Number.NaN);
  const total = totalmem();
  const limit = Number.isNaN(wanted) || wanted > total ? total : wanted;
  const peak = v2 ? undefined : Number(readControl(directory, 'memory.max_usage_in_bytes') ?? 0);
  const failures = v2
    ? flatKeyed(readControl(directory, 'memory.events'))['oom']
    : Number(readControl(directory, 'memory.failcnt') ?? 0);
  return {
    usage,
    ...(peak ? { max_usage: peak } : {}),
    ...(failures ? { failcnt: failures } : {}),
    stats: flatKeyed(readControl(directory, 'memory.stat')),
    limit,
  };
}

function readBlkio(trees: CgroupTrees, path: string): object[] {
  if (trees.layout === 'v2') {
    const rows = (readControl(controllerDirectory(trees, '', path), 'io.stat') ?? '').split('\n').flatMap((line) => {
      const [device, ...pairs] = line.split(' ');
      const [major, minor] = (device ?? '').split(':').map(Number);
      if (major === undefined || minor === undefined) return [];
      const values = Object.fromEntries(pairs.map((pair) => pair.split('=')));
      return [
        { major, minor, op: 'read', value: Number(values['rbytes'] ?? 0) },
        { major, minor, op: 'write', value: Number(values['wbytes'] ?? 0) },
      ];
    });
    return rows;
  }
  const text = readControl(controllerDirectory(trees, 'blkio', path), 'blkio.throttle.io_service_bytes_recursive');
  const rows = (text ?? '').split('\n').flatMap((line) => {
    const match = /^(\d+):(\d+) (\w+) (\d+)$/.exec(line);
    return match
      ? [
          {
            major: Number(match[1]),
            minor: Number(match[2]),
            op: (match[3] ?? '').toLowerCase(),
            value: Number(match[4]),
          },
        ]
      : [];
  });
  return rows;
}

/** Interfaces of the container's network namespace but the loopback. */
function readNetworks(container: Container): object {
  const pid = container.state.process?.pid;
  if (pid === undefined || container.record.hostConfig.NetworkMode === 'host') return {};
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/net/dev`, 'latin1');
  } catch {
    return {};
  }
  const interfaces = text.split('\n').flatMap((line) => {
    const match = /^\s*([^:\s]+):(.*)$/.exec(line);
    if (!match || match[1] === 'lo') return [];
    const n = (match[2] ?? '').trim().split(/\s+/).map(Number);
    return [
      [
        match[1] ?? '',
        {
          rx_bytes: n[0],
          rx_packets: n[1],
          rx_errors: n[2],
          rx_dropped: n[3],
          tx_bytes: n[8],
          tx_packets: n[9],
          tx_errors: n[10],
          tx_dropped: n[11],
        },
      ] as const,
    ];
  });
  return Object.fromEntries(interfaces);
}
