// `compose revisions` and `rollback`: what a project was, and making it that again.
import { readFileSync } from 'node:fs';
import {
  chosenRevision,
  contentsOf,
  listRevisions,
  type Loaded,
  loadProject,
  recordRevision,
  restoreImages,
  up,
  type UpWork,
} from '../../../compose/index.ts';
import { messageOf } from '../../../base/errors.ts';
import type { Revision } from '../../../spec/berth/project.ts';
import { tabulate } from '../../format/index.ts';
import { atMost, Failure, flag, none } from '../../grammar/index.ts';
import { pullImage } from '../image/pulling.ts';
import { imageOptions, upWork } from './bring.ts';
import { type ComposeContext, composeCommand, dryRun } from './command/command.ts';
import { progressOn } from './command/progress.ts';
import { projectOrName } from './command/project.ts';

export const revisions = composeCommand({
  use: '[OPTIONS]',
  description: 'List what the project was: one revision for each up that went well',
  flags: { ...dryRun, format: flag.string('', 'Format the output. Values: [table | json]', 'table') },
  args: none,
  run: async (context, { flags }) => {
    if (flags.format !== 'table' && flags.format !== 'json')
      throw new Failure(`unsupported format ${JSON.stringify(flags.format)}`);
    const all = await listRevisions(context.cli.client, projectOrName(context).name);
    context.out(flags.format === 'json' ? `${JSON.stringify(all)}\n` : table(all));
    return 0;
  },
});

function table(all: readonly Revision[]): string {
  const rows = all.map(({ number, created, cause, images }) => [
    String(number),
    created.replace(/\.\d+Z$/, 'Z'),
    cause,
    Object.entries(images)
      .map(([service, { id }]) => `${service}=${id.replace(/^sha256:/, '').slice(0, 12)}`)
      .join(' '),
  ]);
  const lines = [['REVISION', 'CREATED', 'CAUSE', 'IMAGES'], ...rows].map((cells) => `${cells.join('\t')}\n`);
  return tabulate(lines.join(''), { minWidth: 0, padding: 3 });
}

export const rollback = composeCommand({
  use: '[OPTIONS] [REVISION]',
  description: 'Make the project what it was in a revision, or in the one before the last',
  flags: { ...dryRun },
  args: atMost(1),
  run: async (context, { args: [text] }) => {
    if (text !== undefined && !/^[1-9]\d{0,8}$/.test(text))
      throw new Failure(`${JSON.stringify(text)} is no number of a revision`);
    const { name } = projectOrName(context);
    const all = await listRevisions(context.cli.client, name);
    await rollBack(context, name, chosenRevision(all, text === undefined ? undefined : Number(text)));
    return 0;
  },
});

/** Images get their names back, then it is an `up` of the file as it was. */
export async function rollBack(context: ComposeContext, name: string, revision: Revision): Promise<void> {
  const progress = progressOn(context);
  const loaded = loadRevision(context, name, revision);
  const work = upWork(context, loaded, progress.report);
  const now = contentsOf({ loaded, sum: work.sum, read });
  for (const [what, sum] of Object.entries(revision.contents))
    if (now[what] !== sum) context.warn(`${what} is not what it was in revision ${revision.number}`);
  if (!context.settings.dryRun)
    await restoreImages(context.cli.client, revision, (image) =>
      pullImage(context.cli, image, { platform: '', fd: undefined }),
    );
  await up(work, imageOptions('never', false, true), {
    services: [],
    recreate: 'diverged',
    recreateDependencies: 'diverged',
    start: true,
    removeOrphans: true,
    renewVolumes: false,
  });
  await record(work, `rollback to ${revision.number}`);
  progress.end();
}

/** The project as a revision has it: a file that needs no other. */
function loadRevision(context: ComposeContext, name: string, { model, directory, files }: Revision): Loaded {
  const host = { ...context.host, stdin: () => model };
  const loaded = loadProject(
    { files: ['-'], projectName: name, projectDirectory: directory, profiles: ['*'] },
    host,
    context.warn,
  );
  return { ...loaded, files };
}

/** After an `up` that went well; a dry run is none. */
export async function record(work: UpWork, cause: string): Promise<number | undefined> {
  if (work.dryRun === true) return undefined;
  try {
    return await recordRevision({ client: work.client, loaded: work.loaded, sum: work.sum, read }, cause);
  } catch (error) {
    // The project runs all the same.
    work.warn(`this up is no revision: ${messageOf(error)}`);
    return undefined;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
