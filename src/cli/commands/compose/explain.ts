// `compose plan` and `apply`: what an `up` would do and why; and exactly that, when nothing has changed since.
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { explainPlan, type Explained, carryOut } from '../../../compose/index.ts';
import { any, exactly, Failure, flag } from '../../grammar/index.ts';
import { array, imageOptions, upWork, withScale } from './bring.ts';
import { type ComposeContext, composeCommand, dryRun } from './command/command.ts';
import { progressOn } from './command/progress.ts';

interface PlanFile {
  readonly version: 1;
  readonly project: string;
  readonly services: readonly string[];
  readonly scale: readonly string[];
  readonly text: string;
  /** of what was seen when the plan was made */
  readonly steps: unknown;
}

async function explain(context: ComposeContext, services: readonly string[], scale: readonly string[]) {
  const loaded = withScale(context.load({ services }), scale);
  const progress = progressOn(context);
  const work = upWork(context, loaded, progress.report);
  const explained = await explainPlan(work, imageOptions('policy', false, false), {
    services,
    recreate: 'diverged',
    recreateDependencies: 'diverged',
    start: true,
    removeOrphans: false,
    renewVolumes: false,
  });
  return { work, explained, name: loaded.project.name, progress };
}

export const plan = composeCommand({
  use: '[OPTIONS] [SERVICE...]',
  description: 'Show what up would change, field by field, and why',
  flags: {
    ...dryRun,
    output: flag.string('o', 'Write the plan to a file, for apply'),
    scale: array('', 'Scale SERVICE to NUM instances'),
  },
  args: any,
  run: async (context, { flags, args }) => {
    const { explained, name } = await explain(context, args, flags.scale);
    context.out(explained.text);
    if (flags.output !== '') {
      const file: PlanFile = { version: 1, project: name, services: args, scale: flags.scale, ...seen(explained) };
      writeFileSync(resolve(context.cli.cwd, flags.output), `${JSON.stringify(file, undefined, 2)}\n`, { mode: 0o600 });
    }
    return 0;
  },
});

const seen = ({ text, planned }: Explained): Pick<PlanFile, 'text' | 'steps'> => ({
  text,
  steps: planned.plan.steps.map(({ op, after }) => ({ op, after })),
});

export const apply = composeCommand({
  use: '[OPTIONS] PLANFILE',
  description: 'Do what a plan says, if nothing has changed since it was made',
  flags: { ...dryRun },
  args: exactly(1),
  run: async (context, { args: [path = ''] }) => {
    const file = JSON.parse(readFileSync(resolve(context.cli.cwd, path), 'utf8')) as Partial<PlanFile>;
    if (file.version !== 1 || file.text === undefined) throw new Failure(`${path} is no plan`);
    const { work, explained, name, progress } = await explain(context, file.services ?? [], file.scale ?? []);
    const now = seen(explained);
    if (name !== file.project)
      throw new Failure(`the plan is for project ${JSON.stringify(file.project)}, this is ${JSON.stringify(name)}`);
    if (JSON.stringify(now.steps) !== JSON.stringify(file.steps) || now.text !== file.text)
      throw new Failure(`the world has changed since the plan was made; now it would be:\n${now.text}`);
    if (explained.lacksImages) throw new Failure('images are to be pulled or built first: compose pull, compose build');
    await carryOut(work, explained.planned);
    progress.end();
    return 0;
  },
});
