// `service create`, in its commonest flags.
import { command } from '../../session/context.ts';
import { atLeast, Failure, flag } from '../../grammar/index.ts';
import { toMap } from '../../../spec/docker/shorthand/index.ts';

export const create = command({
  use: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  description: 'Create a new service',
  args: atLeast(1),
  flagsFirst: true,
  flags: {
    autoscale: flag.string('', 'Grow and shrink with the load (min=1,max=10,cpu=60,memory=200m)'),
    constraint: flag.list('', 'Placement constraints'),
    'container-label': flag.list('', 'Container labels'),
    env: flag.list('e', 'Set environment variables'),
    fence: flag.bool('', 'A node that is cut off stops its tasks before others take their place'),
    hostname: flag.string('', 'Container hostname'),
    label: flag.list('l', 'Service labels'),
    'limit-memory': flag.bytes('', 'Limit Memory'),
    'limit-cpu': flag.string('', 'Limit CPUs'),
    'max-concurrent': flag.uint('', 'Number of job tasks to run concurrently (default equal to --replicas)', 64),
    'max-unavailable': flag.uint('', 'Tasks that may be missing by a drain', 64),
    mode: flag.string('', 'Service mode ("replicated", "global", "replicated-job", "global-job")', 'replicated'),
    name: flag.string('', 'Service name'),
    priority: flag.int('', 'More comes first where nodes are scarce'),
    publish: flag.list('p', 'Publish a port of each task on its node (mode=host,published=8080,target=80)'),
    replicas: flag.uint('', 'Number of tasks', 64),
    'reserve-memory': flag.bytes('', 'Reserve Memory'),
    'reserve-cpu': flag.string('', 'Reserve CPUs'),
    'replicas-max-per-node': flag.uint('', 'Maximum number of tasks per node (default 0 = unlimited)', 64),
    schedule: flag.string('', 'Run the job by a schedule (cron: "*/5 * * * *", @daily)'),
    strategy: flag.string('', 'Where tasks go ("spread", "least-busy", "binpack", "in-turn", "random")'),
    user: flag.string('u', 'Username or UID (format: <name|uid>[:<group|gid>])'),
    workdir: flag.string('w', 'Working directory inside the container'),
  },
  async run(context, { flags, changed, args: [image = '', ...words] }) {
    const mode = flags.schedule !== '' && !changed('mode') ? 'replicated-job' : flags.mode;
    if (mode.startsWith('global') && changed('replicas'))
      throw new Failure('replicas can only be used with replicated or replicated-job mode');
    const created = await context.client.json<{ ID: string }>('ServiceCreate', {
      json: {
        Name: flags.name === '' ? `s${Date.now().toString(36)}` : flags.name,
        Labels: {
          ...toMap(flags.label),
          ...(flags.autoscale === '' ? {} : { 'berth.autoscale': flags.autoscale }),
          ...(flags.fence ? { 'berth.fence': 'true' } : {}),
          ...(changed('max-unavailable') ? { 'berth.max-unavailable': String(flags['max-unavailable']) } : {}),
          ...(changed('priority') ? { 'berth.priority': String(flags.priority) } : {}),
          ...(flags.schedule === '' ? {} : { 'berth.schedule': flags.schedule }),
          ...(flags.strategy === '' ? {} : { 'berth.strategy': flags.strategy }),
        },
        TaskTemplate: {
          ContainerSpec: {
            Image: image,
            ...(words.length === 0 ? {} : { Args: words }),
            Env: flags.env,
            Labels: toMap(flags['container-label']),
            Hostname: flags.hostname,
            User: flags.user,
            Dir: flags.workdir,
          },
          Resources: {
            Limits: { MemoryBytes: flags['limit-memory'], NanoCPUs: cpus(flags['limit-cpu']) },
            Reservations: { MemoryBytes: flags['reserve-memory'], NanoCPUs: cpus(flags['reserve-cpu']) },
          },
          Placement: { Constraints: flags.constraint, MaxReplicas: flags['replicas-max-per-node'] },
        },
        Mode: modeOf(mode, changed('replicas') ? flags.replicas : 1, flags['max-concurrent']),
        ...(flags.publish.length === 0 ? {} : { EndpointSpec: { Ports: flags.publish.map(portOf) } }),
      },
    });
    context.out(`${created.ID}\n`);
    return 0;
  },
});

/** Throws in Docker's words. */
function cpus(text: string): number {
  const value = text === '' ? 0 : Number(text);
  if (Number.isNaN(value)) throw new Failure(`failed to parse ${text} as a rational number`);
  return Math.round(value * 1e9);
}

function modeOf(mode: string, replicas: number, concurrent: number): object {
  switch (mode) {
    case 'global':
      return { Global: {} };
    case 'replicated':
      return { Replicated: { Replicas: replicas } };
    case 'replicated-job':
      return { ReplicatedJob: { MaxConcurrent: concurrent || replicas, TotalCompletions: replicas } };
    case 'global-job':
      return { GlobalJob: {} };
    default:
      throw new Failure(`Unknown mode: ${mode}`);
  }
}

/** `mode=host,published=8080,target=80,protocol=udp`, or the short form `8080:80/udp`, which means ingress. */
function portOf(text: string): object {
  const short = /^(?:(\d+):)?(\d+)(?:\/(tcp|udp))?$/.exec(text);
  if (short)
    return {
      PublishedPort: Number(short[1] ?? 0),
      TargetPort: Number(short[2]),
      Protocol: short[3] ?? 'tcp',
      PublishMode: 'ingress',
    };
  const fields = new Map(text.split(',').map((part) => part.split('=', 2) as [string, string]));
  const unknown = [...fields.keys()].find((key) => !['mode', 'published', 'target', 'protocol'].includes(key));
  if (unknown !== undefined) throw new Failure(`invalid field key ${unknown}`);
  return {
    PublishedPort: Number(fields.get('published') ?? 0),
    TargetPort: Number(fields.get('target') ?? 0),
    Protocol: fields.get('protocol') ?? 'tcp',
    PublishMode: fields.get('mode') ?? 'ingress',
  };
}
