// `compose cp`, `export`, `commit`: files out of and into a service's containers.
import { settleAll, type ObservedContainer } from '../../../compose/index.ts';
import { atLeast, exactly, Failure, flag } from '../../grammar/index.ts';
import { saveStream } from '../shared/archive-output.ts';
import { commit as commitContainer } from '../container/files/commit.ts';
import { cp as copy, splitSide } from '../container/files/cp.ts';
import { composeCommand, dryRun, withOutput } from './command/command.ts';
import { progressOn } from './command/progress.ts';
import { containerOf, containersOf, projectOrName } from './command/project.ts';

const INDEX = { index: flag.int('', 'index of the container if service has multiple replicas.') } as const;

export const cp = composeCommand({
  use: '[OPTIONS] SERVICE:SRC_PATH DEST_PATH|-\n\tdocker compose cp [OPTIONS] SRC_PATH|- SERVICE:DEST_PATH',
  description: 'Copy files/folders between a service container and the local filesystem',
  flags: {
    ...dryRun,
    all: flag.bool('', 'Include containers created by the run command'),
    archive: flag.bool('a', 'Archive mode (copy all uid/gid information)'),
    'follow-link': flag.bool('L', 'Always follow symbol link in SRC_PATH'),
    index: flag.int('', 'Index of the container if service has multiple replicas'),
  },
  args: exactly(2),
  run: async (context, { flags, args: [source = '', target = ''] }) => {
    const from = splitSide(source);
    const to = splitSide(target);
    if (from.container !== '' && to.container !== '') throw new Failure('copying between services is not supported');
    if (from.container === '' && to.container === '') throw new Failure('unknown copy direction');
    const service = from.container || to.container;
    const named = projectOrName(context);
    const all = await containersOf(context, named, [service], flags.all ? 'all' : 'services');
    const found = all.filter(({ number }) => flags.index === 0 || number === flags.index);
    if (found.length === 0 && flags.index > 0 && all.length > 0)
      throw new Failure(`service ${JSON.stringify(service)} is not running container #${flags.index}`);
    if (found.length === 0) throw new Failure(`no container found for service ${JSON.stringify(service)}`);
    const chosen = from.container === '' ? found : found.slice(0, 1);
    const { report } = progressOn(context);
    await settleAll(
      chosen.map(async (one) => {
        const text =
          from.container === ''
            ? `copy ${source} to ${one.name}:${to.path}`
            : `copy ${one.name}:${from.path} to ${target}`;
        report({ id: one.name, action: text, text: 'Copying', status: 'working' });
        await copy.run(context.cli, {
          flags: { archive: flags.archive, 'follow-link': flags['follow-link'], quiet: true },
          given: () => false,
          changed: () => false,
          args: from.container === '' ? [source, `${one.id}:${to.path}`] : [`${one.id}:${from.path}`, target],
          path: 'docker compose cp',
        });
        report({ id: one.name, action: text, text: 'Copied', status: 'done' });
      }),
    );
    return 0;
  },
});

/** Of a container in any state. */
async function one(
  context: Parameters<typeof containerOf>[0],
  service: string,
  index: number,
): Promise<ObservedContainer> {
  return containerOf(context, service, index, 'any');
}

export const exportContainer = composeCommand({
  use: '[OPTIONS] SERVICE',
  description: "Export a service container's filesystem as a tar archive",
  flags: { ...dryRun, ...INDEX, output: flag.string('o', 'Write to a file, instead of STDOUT') },
  args: atLeast(1),
  run: async (context, { flags, args: [service = ''] }) => {
    const { id, name } = await one(context, service, flags.index);
    if (flags.output === '' && context.cli.terminal(1))
      throw new Failure('output option is required when exporting to terminal');
    const { report } = progressOn(context);
    report({ id: name, action: `export ${name} to ${flags.output}`, text: 'Exporting', status: 'working' });
    await saveStream(
      context.cli,
      flags.output,
      'failed to export container',
      async () => (await context.cli.client.stream('ContainerExport', { params: { id } })).body,
    );
    return 0;
  },
});

export const commit = composeCommand({
  use: '[OPTIONS] SERVICE [REPOSITORY[:TAG]]',
  description: "Create a new image from a service container's changes",
  flags: {
    ...dryRun,
    ...INDEX,
    author: flag.string('a', 'Author (e.g., "John Hannibal Smith <hannibal@a-team.com>")'),
    change: flag.list('c', 'Apply Dockerfile instruction to the created image'),
    message: flag.string('m', 'Commit message'),
    pause: flag.bool('p', 'Pause container during commit', true),
  },
  args: { kind: 'range', min: 1, max: 2 },
  run: async (context, { flags, args: [service = '', reference = ''] }) => {
    const { id, name } = await one(context, service, flags.index);
    const { report } = progressOn(context);
    report({ id: name, action: `Commit ${name}`, text: 'Committing', status: 'working' });
    let image = '';
    const cli = withOutput(context.cli, (text) => {
      image += text;
    });
    const { index: _, 'dry-run': _dry, ...rest } = flags;
    await commitContainer.run(cli, {
      flags: rest,
      given: () => false,
      changed: () => false,
      args: [id, reference],
      path: 'docker compose commit',
    });
    report({ id: name, action: `Commit ${name}`, text: `Committed as ${image.trim()}`, status: 'done' });
    return 0;
  },
});
