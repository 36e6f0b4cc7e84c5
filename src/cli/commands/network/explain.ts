// `network explain`: walks the way of a connection and says in one line what stops it. Exit code 0 when it goes, 3 when not.
import type { Explanation } from '../../../spec/berth/index.ts';
import { command } from '../../session/context.ts';
import { indentJson, tabulate, toJson } from '../../format/index.ts';
import { exactly, Failure, flag } from '../../grammar/index.ts';
import { ownJson } from '../shared/own.ts';

const STOPPED = 3;

export const explainConnection = command({
  use: '[OPTIONS] FROM TO:PORT[/PROTOCOL]',
  description:
    'Say what stops a connection to a container, or how it goes\n\nFROM is a container, "host" for this machine, or "outside" for another one; from those PORT is a port of the host. TO is a container, "host", or an address.',
  args: exactly(2),
  flags: {
    format: flag.string('f', "Format output: 'json' for the whole answer"),
    quiet: flag.bool('q', 'Only the line that tells'),
  },
  async run(context, { flags, args: [from = '', target = ''] }) {
    const [, to = '', port = '', protocol = 'tcp'] = /^(.+):(\d+)(?:\/(\w+))?$/.exec(target) ?? [];
    if (to === '') throw new Failure(`invalid target ${JSON.stringify(target)}: it has the form NAME:PORT`);
    const answer = await ownJson<Explanation>(context, '/berth/networks/explain', {
      from,
      to: to.replace(/^\[(.*)\]$/, '$1'),
      port,
      protocol,
    });
    context.out(flags.format === 'json' ? `${indentJson(toJson(answer))}\n` : text(answer, flags.quiet));
    return answer.reachable ? 0 : STOPPED;
  },
});

function text({ steps, reachable, reason, hint }: Explanation, quiet: boolean): string {
  const line = `${reachable ? '' : 'no: '}${reason}\n`;
  if (quiet) return line;
  const walked = tabulate(steps.map(({ step, ok, text }) => `${step}\t${ok ? 'ok' : 'NO'}\t${text}\n`).join(''));
  return `${walked}${line}${hint === undefined ? '' : `(${hint})\n`}`;
}
