// `service create`: a new service, and how it comes to run.
import { messageOf } from '../../../base/errors.ts';
import { readKeyValueFile } from '../../../client/container/index.ts';
import { atLeast, Failure } from '../../grammar/index.ts';
import { command } from '../../session/context.ts';
import { resolveImage } from './image.ts';
import { waitOnService } from './progress.ts';
import { findReferences } from './references.ts';
import { createSpec } from './spec/create.ts';
import { createFlags } from './spec/flags.ts';

export const create = command({
  use: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  description: 'Create a new service',
  args: atLeast(1),
  flagsFirst: true,
  flags: createFlags,
  async run(context, { flags, changed, args: [image = '', ...args] }) {
    const { client } = context;
    const references = await findReferences(client, {
      networks: flags.network.map(({ Target }) => Target),
      secrets: flags.secret.map(({ SecretName }) => SecretName),
      configs: flags.config.map(({ ConfigName }) => ConfigName),
    });
    const environment = flags['env-file'].flatMap((path) => readKeyValueFile(path, (key) => context.env[key]));
    const given = { flags, changed: (name: string) => changed(name as keyof typeof flags), image, args, environment };
    const spec = attempt(() => createSpec(given, references));
    const json = flags['no-resolve-image'] ? spec : await resolveImage(context, spec);
    const created = await client.json<{ ID: string; Warnings?: string[] | null }>('ServiceCreate', {
      json,
      ...(flags['with-registry-auth'] ? { headers: { 'X-Registry-Auth': context.credentials.header(image) } } : {}),
    });
    for (const warning of created.Warnings ?? []) context.err(`${warning}\n`);
    context.out(`${created.ID}\n`);
    if (!flags.detach) await waitOnService(context, created.ID, flags.quiet);
    return 0;
  },
});

/** What is wrong with flags ends the command. */
export function attempt<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new Failure(messageOf(error));
  }
}
