// `update`: new limits for containers.
import { messageOf } from '../../../base/errors.ts';
import { command } from '../../session/context.ts';
import { atLeast, Failure, flag } from '../../grammar/index.ts';
import { parseCpus, parseRestart } from '../../../spec/docker/shorthand/index.ts';

export const update = command({
  use: '[OPTIONS] CONTAINER [CONTAINER...]',
  description: 'Update configuration of one or more containers',
  aliases: 'docker container update, docker update',
  args: atLeast(1),
  flags: {
    'blkio-weight': flag.uint('', 'Block IO (relative weight), between 10 and 1000, or 0 to disable (default 0)', 16),
    'cpu-period': flag.int('', 'Limit CPU CFS (Completely Fair Scheduler) period'),
    'cpu-quota': flag.int('', 'Limit CPU CFS (Completely Fair Scheduler) quota'),
    'cpu-rt-period': flag.int('', 'Limit the CPU real-time period in microseconds'),
    'cpu-rt-runtime': flag.int('', 'Limit the CPU real-time runtime in microseconds'),
    'cpu-shares': flag.int('c', 'CPU shares (relative weight)'),
    cpus: flag.custom<number>('decimal', '', 'Number of CPUs', 0, (_, text) => parseCpus(text)),
    'cpuset-cpus': flag.string('', 'CPUs in which to allow execution (0-3, 0,1)'),
    'cpuset-mems': flag.string('', 'MEMs in which to allow execution (0-3, 0,1)'),
    memory: flag.bytes('m', 'Memory limit'),
    'memory-reservation': flag.bytes('', 'Memory soft limit'),
    'memory-swap': flag.bytes('', 'Swap limit equal to memory plus swap: -1 to enable unlimited swap', {
      minusOne: true,
    }),
    'pids-limit': flag.int('', 'Tune container pids limit (set -1 for unlimited)', 0, { since: '1.40' }),
    restart: flag.string('', 'Restart policy to apply when a container exits'),
    'kernel-memory': flag.bytes('', 'Kernel memory limit (deprecated)', { hidden: true }),
  },
  async run(context, { flags, changed, args }) {
    if (!(Object.keys(flags) as (keyof typeof flags)[]).some((name) => changed(name))) {
      throw new Failure('you must provide one or more flags when using this command');
    }
    const body = {
      BlkioWeight: flags['blkio-weight'],
      CpuShares: flags['cpu-shares'],
      Memory: flags.memory,
      MemoryReservation: flags['memory-reservation'],
      MemorySwap: flags['memory-swap'],
      CpusetCpus: flags['cpuset-cpus'],
      CpusetMems: flags['cpuset-mems'],
      CpuPeriod: flags['cpu-period'],
      CpuQuota: flags['cpu-quota'],
      CpuRealtimePeriod: flags['cpu-rt-period'],
      CpuRealtimeRuntime: flags['cpu-rt-runtime'],
      NanoCpus: flags.cpus,
      ...(changed('pids-limit') ? { PidsLimit: flags['pids-limit'] } : {}),
      RestartPolicy: restart(flags.restart),
    };
    const warnings: string[] = [];
    const errors: string[] = [];
    for (const id of args) {
      try {
        const answer = await context.client.call('ContainerUpdate', { params: { id }, body });
        context.out(`${id}\n`);
        warnings.push(...(answer.Warnings ?? []));
      } catch (error) {
        errors.push(messageOf(error));
      }
    }
    if (warnings.length > 0) context.out(`${warnings.join('\n')}\n`);
    if (errors.length > 0) throw new Failure(errors.join('\n'));
    return 0;
  },
});

function restart(text: string) {
  try {
    return parseRestart(text);
  } catch (error) {
    throw new Failure((error as Error).message);
  }
}
