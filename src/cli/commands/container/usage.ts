// One sample of GET /containers/{id}/stats -> the columns of `stats`.
import { bytesSize, humanSize } from '../../../base/units.ts';
import type { Row } from '../../format/index.ts';

interface Cpu {
  readonly cpu_usage?: { readonly total_usage?: number; readonly percpu_usage?: readonly number[] | null };
  readonly system_cpu_usage?: number;
  readonly online_cpus?: number;
}

export interface Sample {
  readonly id?: string;
  readonly name?: string;
  readonly read?: string;
  readonly cpu_stats?: Cpu;
  readonly precpu_stats?: Cpu;
  readonly memory_stats?: {
    readonly usage?: number;
    readonly limit?: number;
    readonly stats?: Readonly<Record<string, number>>;
  };
  readonly networks?: Readonly<Record<string, { readonly rx_bytes: number; readonly tx_bytes: number }>>;
  readonly blkio_stats?: {
    readonly io_service_bytes_recursive?: readonly { readonly op: string; readonly value: number }[] | null;
  };
  readonly pids_stats?: { readonly current?: number };
}

/** Without a sample all values are dashes. */
export function statsRow(name: string, sample: Sample | undefined, trunc: boolean): Row {
  const id = sample?.id ?? '';
  if (!sample || sample.read?.startsWith('0001-')) {
    const shown = { Container: name, Name: sample?.name?.replace(/^\//, '') || '--', ID: short(id, trunc) || '--' };
    return { ...shown, CPUPerc: '--', MemUsage: '-- / --', MemPerc: '--', NetIO: '--', BlockIO: '--', PIDs: '--' };
  }
  const memory = memoryUsed(sample);
  const limit = sample.memory_stats?.limit ?? 0;
  const networks = Object.values(sample.networks ?? {});
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const blocks = sample.blkio_stats?.io_service_bytes_recursive ?? [];
  const moved = (letter: string): number =>
    sum(blocks.filter((one) => one.op[0]?.toLowerCase() === letter).map((one) => one.value));
  const pair = (a: number, b: number): string => `${humanSize(a, 3)} / ${humanSize(b, 3)}`;
  return {
    Container: name,
    Name: (sample.name ?? '').replace(/^\//, ''),
    ID: short(id, trunc),
    CPUPerc: `${cpuPercent(sample).toFixed(2)}%`,
    MemUsage: `${bytesSize(memory)} / ${bytesSize(limit)}`,
    MemPerc: `${(limit === 0 ? 0 : (memory / limit) * 100).toFixed(2)}%`,
    NetIO: pair(sum(networks.map((one) => one.rx_bytes)), sum(networks.map((one) => one.tx_bytes))),
    BlockIO: pair(moved('r'), moved('w')),
    PIDs: String(sample.pids_stats?.current ?? 0),
  };
}

const short = (id: string, trunc: boolean): string => (trunc ? id.slice(0, 12) : id);

/** What the page cache could give back at once does not count. */
function memoryUsed(sample: Sample): number {
  const { usage = 0, stats = {} } = sample.memory_stats ?? {};
  for (const key of ['total_inactive_file', 'inactive_file']) {
    const cache = stats[key];
    if (cache !== undefined && cache < usage) return usage - cache;
  }
  return usage;
}

function cpuPercent(sample: Sample): number {
  const { cpu_stats: now = {}, precpu_stats: before = {} } = sample;
  const used = (now.cpu_usage?.total_usage ?? 0) - (before.cpu_usage?.total_usage ?? 0);
  const system = (now.system_cpu_usage ?? 0) - (before.system_cpu_usage ?? 0);
  const cpus = now.online_cpus || (now.cpu_usage?.percpu_usage?.length ?? 0);
  return used > 0 && system > 0 ? (used / system) * cpus * 100 : 0;
}
