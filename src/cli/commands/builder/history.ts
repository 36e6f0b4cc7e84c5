// `builder ls`, `inspect`, `logs` and `rm`: the builds that were, and those that are going on.
import { humanDuration } from '../../../base/units.ts';
import { command } from '../../session/context.ts';
import { indentJson, renderRows, type Row } from '../../format/index.ts';
import { atLeast, exactly, FORMAT_HELP, flag, none, range } from '../../grammar/index.ts';
import { forEach, SILENT } from '../shared/batch.ts';

interface Build {
  readonly id: string;
  readonly name: string;
  readonly tags: readonly string[];
  readonly created: string;
  readonly completed?: string;
  readonly status: string;
  readonly steps: number;
  readonly cachedSteps: number;
}

const KIND = {
  typeName: '*history.buildContext',
  titles: {
    ID: 'BUILD ID',
    Name: 'NAME',
    Tags: 'TAGS',
    Status: 'STATUS',
    Steps: 'STEPS',
    Cached: 'CACHED',
    CreatedSince: 'CREATED',
    Duration: 'DURATION',
  },
};

export const ls = command({
  use: '[OPTIONS]',
  description: 'List builds, the newest first',
  args: none,
  flags: {
    format: flag.string('', FORMAT_HELP),
    quiet: flag.bool('q', 'Only display build IDs'),
  },
  async run(context, { flags }) {
    const builds = await context.client.json<Build[]>('BerthBuildList');
    const table =
      'table {{.ID}}\t{{.Name}}\t{{.Tags}}\t{{.Status}}\t{{.Steps}}\t{{.Cached}}\t{{.CreatedSince}}\t{{.Duration}}';
    const format = flags.quiet ? '{{.ID}}' : flags.format === '' || flags.format === 'table' ? table : flags.format;
    context.out(renderRows(format, builds.map(row), KIND));
    return 0;
  },
});

function row(build: Build): Row {
  const end = build.completed === undefined ? Date.now() : Date.parse(build.completed);
  return {
    ID: build.id,
    Name: build.name,
    Tags: build.tags.join(','),
    Status: build.status,
    Steps: String(build.steps),
    Cached: String(build.cachedSteps),
    CreatedSince: `${humanDuration((Date.now() - Date.parse(build.created)) / 1000)} ago`,
    Duration: `${((end - Date.parse(build.created)) / 1000).toFixed(1)}s`,
  };
}

export const inspect = command({
  use: 'BUILD',
  description: 'Show what is known of a build; "^0" is the last one',
  args: exactly(1),
  flags: {},
  async run(context, { args: [name = ''] }) {
    const text = await context.client.text('BerthBuildInspect', { params: { id: name } });
    context.out(`${indentJson(text, '    ')}\n`);
    return 0;
  },
});

export const logs = command({
  use: '[OPTIONS] [BUILD]',
  description: 'Show the output of a build, of the last one without a name',
  args: range(0, 1),
  flags: { follow: flag.bool('f', 'Follow the output of a build that is going on') },
  async run(context, { flags, args: [name = '^0'] }) {
    const answer = await context.client.stream('BerthBuildLogs', {
      params: { id: name },
      query: flags.follow ? { follow: true } : {},
    });
    for await (const chunk of answer.body) context.out(chunk);
    return 0;
  },
});

export const rm = command({
  use: 'BUILD [BUILD...]',
  description: 'Remove builds from the history',
  args: atLeast(1),
  flags: {},
  async run(context, { args }) {
    await forEach(context, args, async (name) => {
      const { Id } = await context.client.json<{ Id: string }>('BerthBuildDelete', { params: { id: name } });
      context.out(`${Id}\n`);
      return SILENT;
    });
    return 0;
  },
});
