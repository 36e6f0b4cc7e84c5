// `service update`, `scale`, `rollback` and `rm`.
import type { Client } from '../../../client/index.ts';
import { atLeast, exactly, Failure } from '../../grammar/index.ts';
import { command } from '../../session/context.ts';
import { forEach } from '../shared/batch.ts';
import { attempt } from './create.ts';
import { resolveImage } from './image.ts';
import type { ServiceSummary } from './ls.ts';
import { waitOnService } from './progress.ts';
import { findReferences } from './references.ts';
import { scaleAll } from './scaling.ts';
import { checkRollback, updateFlags, waitFlags } from './spec/flags.ts';
import type { ServiceSpec } from './spec/model.ts';
import { updateSpec } from './spec/update.ts';

type Inspected = Pick<ServiceSummary, 'ID' | 'Version'> & { readonly Spec: ServiceSpec };

interface Options {
  readonly rollback?: boolean;
  /** Base64 of what the registry of the image is to be told, of the specification as it was. */
  readonly auth?: ((before: ServiceSpec) => string) | undefined;
}

/** Warnings of the daemon. */
async function change(
  client: Client,
  reference: string,
  next: (spec: ServiceSpec) => ServiceSpec | Promise<ServiceSpec>,
  { rollback = false, auth: authOf }: Options = {},
): Promise<readonly string[]> {
  const { ID, Version, Spec } = await client.json<Inspected>('ServiceInspect', { params: { id: reference } });
  const auth = authOf?.(Spec);
  const { Warnings } = await client.json<{ Warnings?: string[] | null }>('ServiceUpdate', {
    params: { id: ID },
    query: {
      version: Version.Index,
      ...(auth === undefined ? { registryAuthFrom: 'spec' } : {}),
      ...(rollback ? { rollback: 'previous' } : {}),
    },
    json: await next(Spec),
    ...(auth === undefined ? {} : { headers: { 'X-Registry-Auth': auth } }),
  });
  return Warnings ?? [];
}

function scaled(spec: ServiceSpec, replicas: number): ServiceSpec {
  const { Replicated, ReplicatedJob } = spec.Mode;
  if (Replicated) return { ...spec, Mode: { Replicated: { Replicas: replicas } } };
  if (ReplicatedJob) return { ...spec, Mode: { ReplicatedJob: { ...ReplicatedJob, TotalCompletions: replicas } } };
  throw new Failure('scale can only be used with replicated or replicated-job mode');
}

export const scale = command({
  use: 'SERVICE=REPLICAS [SERVICE=REPLICAS...]',
  description: 'Scale one or multiple replicated services',
  args: atLeast(1),
  flags: { detach: waitFlags.detach },
  async run(context, { flags, args }) {
    const counts = new Map(
      args.map((text) => {
        const match = /^([^=]+)=(\d+)$/.exec(text);
        if (!match) throw new Failure(`invalid scale specifier '${text}'.\nSee 'berth service scale --help'.`);
        return [match[1] ?? '', Number(match[2])];
      }),
    );
    const work = {
      scale: async (name: string, count: number) => {
        const warnings = await change(context.client, name, (spec) => scaled(spec, count));
        for (const warning of warnings) context.err(`${warning}\n`);
        context.out(`${name} scaled to ${count}\n`);
      },
      wait: async (name: string) => {
        if (!flags.detach) await waitOnService(context, name, false);
      },
    };
    await scaleAll(counts, work);
    return 0;
  },
});

export const rollback = command({
  use: '[OPTIONS] SERVICE',
  description: "Revert changes to a service's configuration",
  args: exactly(1),
  flags: waitFlags,
  async run(context, { flags, args: [name = ''] }) {
    const warnings = await change(context.client, name, (spec) => spec, { rollback: true });
    for (const warning of warnings) context.err(`${warning}\n`);
    context.out(`${name}\n`);
    if (!flags.detach) await waitOnService(context, name, flags.quiet);
    return 0;
  },
});

export const update = command({
  use: '[OPTIONS] SERVICE',
  description: 'Update a service',
  args: exactly(1),
  flags: updateFlags,
  async run(context, { flags, changed, args: [name = ''] }) {
    const { client } = context;
    const isChanged = (flag: string): boolean => changed(flag as keyof typeof flags);
    if (flags.rollback) attempt(() => checkRollback(isChanged));
    const next = async (before: ServiceSpec): Promise<ServiceSpec> => {
      if (flags.rollback) return before;
      const references = await findReferences(client, {
        networks: [...flags['network-add'].map(({ Target }) => Target), ...flags['network-rm']],
        secrets: flags['secret-add'].map(({ SecretName }) => SecretName),
        configs: flags['config-add'].map(({ ConfigName }) => ConfigName),
      });
      const spec = attempt(() => updateSpec(before, { flags, changed: isChanged }, references));
      return flags.image === '' || flags['no-resolve-image'] ? spec : resolveImage(context, spec);
    };
    const auth = ({ TaskTemplate }: ServiceSpec): string =>
      context.credentials.header(flags.image || TaskTemplate.ContainerSpec.Image);
    const warnings = await change(client, name, next, {
      rollback: flags.rollback,
      ...(flags['with-registry-auth'] ? { auth } : {}),
    });
    for (const warning of warnings) context.err(`${warning}\n`);
    context.out(`${name}\n`);
    if (!flags.detach) await waitOnService(context, name, flags.quiet);
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
