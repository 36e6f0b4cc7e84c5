// `service create`, in its commonest flags.
import { command } from '../../context.ts';
import { atLeast, Failure, flag } from '../../grammar/index.ts';
import { toMap } from '../../../spec/docker/shorthand/index.ts';

export const create = command({
  use: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  description: 'Create a new service',
  args: atLeast(1),
  flagsFirst: true,
  flags: {
    constraint: flag.list('', 'Placement constraints'),
    'container-label': flag.list('', 'Container labels'),
    env: flag.list('e', 'Set environment variables'),
    hostname: flag.string('', 'Container hostname'),
    label: flag.list('l', 'Service labels'),
    'limit-memory': flag.bytes('', 'Limit Memory'),
    mode: flag.string('', 'Service mode ("replicated", "global")', 'replicated'),
    name: flag.string('', 'Service name'),
    publish: flag.list('p', 'Publish a port of each task on its node (mode=host,published=8080,target=80)'),
    replicas: flag.uint('', 'Number of tasks', 64),
    'reserve-memory': flag.bytes('', 'Reserve Memory'),
    'replicas-max-per-node': flag.uint('', 'Maximum number of tasks per node (default 0 = unlimited)', 64),
    user: flag.string('u', 'Username or UID (format: <name|uid>[:<group|gid>])'),
    workdir: flag.string('w', 'Working directory inside the container'),
  },
  async run(context, { flags, changed, args: [image = '', ...words] }) {
    if (flags.mode !== 'replicated' && flags.mode !== 'global') throw new Failure(`Unknown mode: ${flags.mode}`);
    if (flags.mode === 'global' && changed('replicas'))
      throw new Failure('replicas can only be used with replicated or replicated-job mode');
    const created = await context.client.json<{ ID: string }>('ServiceCreate', {
      json: {
        Name: flags.name === '' ? `s${Date.now().toString(36)}` : flags.name,
        Labels: toMap(flags.label),
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
            Limits: { MemoryBytes: flags['limit-memory'] },
            Reservations: { MemoryBytes: flags['reserve-memory'] },
          },
          Placement: { Constraints: flags.constraint, MaxReplicas: flags['replicas-max-per-node'] },
        },
        Mode:
          flags.mode === 'global'
            ? { Global: {} }
            : { Replicated: { Replicas: changed('replicas') ? flags.replicas : 1 } },
        ...(flags.publish.length === 0 ? {} : { EndpointSpec: { Ports: flags.publish.map(portOf) } }),
      },
    });
    context.out(`${created.ID}\n`);
    return 0;
  },
});

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
