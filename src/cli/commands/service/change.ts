// `service scale`, `rollback`, `rm` and `update` in its commonest flags.
import type { Client } from '../../../client/index.ts';
import { command } from '../../session/context.ts';
import { atLeast, exactly, Failure, flag } from '../../grammar/index.ts';
import { forEach, SILENT } from '../shared/batch.ts';
import type { ServiceSpec, ServiceSummary } from './ls.ts';

async function change(
  client: Client,
  reference: string,
  next: (spec: ServiceSpec) => ServiceSpec,
  rollback = false,
): Promise<void> {
  const { ID, Version, Spec } = await client.json<ServiceSummary>('ServiceInspect', { params: { id: reference } });
  await client.text('ServiceUpdate', {
    params: { id: ID },
    query: { version: Version.Index, ...(rollback ? { rollback: 'previous' } : {}) },
    json: next(Spec),
  });
}

function scaled(spec: ServiceSpec, replicas: number): ServiceSpec {
  if (!spec.Mode['Replicated']) throw new Failure('scale can only be used with replicated or replicated-job mode');
  return { ...spec, Mode: { Replicated: { Replicas: replicas } } };
}

export const scale = command({
  use: 'SERVICE=REPLICAS [SERVICE=REPLICAS...]',
  description: 'Scale one or multiple replicated services',
  args: atLeast(1),
  flags: {},
  async run(context, { args }) {
    await forEach(context, args, async (text) => {
      const match = /^([^=]+)=(\d+)$/.exec(text);
      if (!match) throw new Failure(`invalid scale specifier '${text}'.\nSee 'berth service scale --help'.`);
      const [, name = '', count = '0'] = match;
      await change(context.client, name, (spec) => scaled(spec, Number(count)));
      context.out(`${name} scaled to ${count}\n`);
      return SILENT;
    });
    return 0;
  },
});

export const rollback = command({
  use: 'SERVICE',
  description: "Revert changes to a service's configuration",
  args: exactly(1),
  flags: {},
  async run(context, { args: [name = ''] }) {
    await change(context.client, name, (spec) => spec, true);
    context.out(`${name}\n`);
    return 0;
  },
});

export const update = command({
  use: '[OPTIONS] SERVICE',
  description: 'Update a service',
  args: exactly(1),
  flags: {
    'env-add': flag.list('', 'Add or update an environment variable'),
    'env-rm': flag.list('', 'Remove an environment variable'),
    force: flag.bool('', 'Force update even if no changes require it'),
    image: flag.string('', 'Service image tag'),
    replicas: flag.uint('', 'Number of tasks', 64),
    rollback: flag.bool('', 'Rollback to previous specification'),
  },
  async run(context, { flags, changed, args: [name = ''] }) {
    await change(
      context.client,
      name,
      (spec) => {
        const { ContainerSpec, ForceUpdate = 0 } = spec.TaskTemplate;
        const named = new Set([...flags['env-add'].map((line) => line.split('=')[0] ?? ''), ...flags['env-rm']]);
        const kept = (ContainerSpec.Env ?? []).filter((line) => !named.has(line.split('=')[0] ?? ''));
        const next: ServiceSpec = {
          ...spec,
          TaskTemplate: {
            ...spec.TaskTemplate,
            ContainerSpec: {
              ...ContainerSpec,
              ...(flags.image === '' ? {} : { Image: flags.image }),
              ...(named.size === 0 ? {} : { Env: [...kept, ...flags['env-add']] }),
            },
            ForceUpdate: flags.force ? ForceUpdate + 1 : ForceUpdate,
          },
        };
        return changed('replicas') ? scaled(next, flags.replicas) : next;
      },
      flags.rollback,
    );
    context.out(`${name}\n`);
    return 0;
  },
});

export const rm = command({
  use: 'SERVICE [SERVICE...]',
  description: 'Remove one or more services',
  aliases: 'docker service rm, docker service remove',
  args: atLeast(1),
  flags: {},
  async run(context, { args }) {
    await forEach(context, args, (id) => context.client.text('ServiceDelete', { params: { id } }));
    return 0;
  },
});
