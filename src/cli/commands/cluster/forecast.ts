// `cluster what-if` and `autoscale explain`: what would happen, and why so many tasks are wanted.
import { parseBytes } from '../../../base/units.ts';
import { toMap } from '../../../spec/docker/shorthand/index.ts';
import { command } from '../../session/context.ts';
import { exactly, Failure, flag, none } from '../../grammar/index.ts';

export const whatIf = command({
  use: '[OPTIONS]',
  description: 'Say what would become of the tasks if nodes went or came, or services were scaled',
  args: none,
  flags: {
    add: flag.list('', 'A node more (cpu=4,mem=8g,label=zone=a)'),
    drain: flag.list('', 'A node that is drained'),
    kill: flag.list('', 'A node that dies'),
    scale: flag.list('', 'A service with another number of tasks (web=20)'),
  },
  async run(context, { flags }) {
    const { Text } = await context.client.json<{ Text: string }>('BerthClusterWhatIf', {
      json: {
        Kill: flags.kill,
        Drain: flags.drain,
        Add: flags.add.map(nodeOf),
        Scale: Object.fromEntries(flags.scale.map(scaleOf)),
      },
    });
    context.out(`${Text}\n`);
    return 0;
  },
});

function nodeOf(text: string): object {
  const labels: string[] = [];
  let cpus = 0;
  let bytes = 0;
  for (const part of text.split(',')) {
    const at = part.indexOf('=');
    const [key, value] = [part.slice(0, at), part.slice(at + 1)];
    if (key === 'cpu') cpus = Number(value);
    else if (key === 'mem') bytes = parseBytes(value) ?? Number.NaN;
    else if (key === 'label') labels.push(value);
    else throw new Failure(`invalid node ${JSON.stringify(text)}: cpu=, mem= and label= are known`);
  }
  if (!(cpus > 0) || !(bytes > 0)) throw new Failure(`invalid node ${JSON.stringify(text)}: cpu and mem are needed`);
  return { NanoCPUs: Math.round(cpus * 1e9), MemoryBytes: bytes, Labels: toMap(labels) };
}

function scaleOf(text: string): [string, number] {
  const match = /^([^=]+)=(\d+)$/.exec(text);
  if (!match) throw new Failure(`invalid scale specifier '${text}'`);
  return [match[1] ?? '', Number(match[2])];
}

export const explain = command({
  use: 'SERVICE',
  description: 'Say why a service has as many tasks as it has',
  args: exactly(1),
  flags: { series: flag.bool('', 'Print what was measured, as JSON') },
  async run(context, { flags, args: [id = ''] }) {
    const found = await context.client.json<{ text: string; series: object }>('BerthAutoscaleExplain', {
      params: { id },
    });
    context.out(flags.series ? `${JSON.stringify(found.series)}\n` : `${found.text}\n`);
    return 0;
  },
});
