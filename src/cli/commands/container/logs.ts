// `logs`: what a container wrote.
import { Demux } from '../../../client/index.ts';
import { command } from '../../session/context.ts';
import { exactly, flag } from '../../grammar/index.ts';
import { timeFlag } from '../shared/time.ts';

export const logs = command({
  use: '[OPTIONS] CONTAINER',
  description: 'Fetch the logs of a container',
  aliases: 'docker container logs, docker logs',
  args: exactly(1),
  flags: {
    details: flag.bool('', 'Show extra details provided to logs'),
    follow: flag.bool('f', 'Follow log output'),
    since: flag.string(
      '',
      'Show logs since timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)',
    ),
    tail: flag.string('n', 'Number of lines to show from the end of the logs', 'all'),
    timestamps: flag.bool('t', 'Show timestamps'),
    until: flag.string(
      '',
      'Show logs before a timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)',
    ),
  },
  async run(context, { flags, args: [id = ''] }) {
    const { client } = context;
    // The answer's type tells whether the streams are told apart; a daemon too old to say so is asked.
    const answer = await client.stream('ContainerLogs', {
      params: { id },
      query: {
        stdout: true,
        stderr: true,
        ...(flags.follow ? { follow: true } : {}),
        ...(flags.timestamps ? { timestamps: true } : {}),
        ...(flags.details ? { details: true } : {}),
        ...(flags.tail === '' ? {} : { tail: flags.tail }),
        ...timeFlag('since', flags.since),
        ...timeFlag('until', flags.until),
      },
    });
    const type = answer.head.headers.get('content-type') ?? '';
    const raw = /multiplexed-stream/.test(type)
      ? false
      : /raw-stream/.test(type)
        ? true
        : (await client.call('ContainerInspect', { params: { id } })).Config.Tty;
    const demux = new Demux((stream, data) => (stream === 'stderr' ? context.err(data) : context.out(data)));
    for await (const chunk of answer.body) {
      if (raw) context.out(chunk);
      else demux.push(chunk);
    }
    return 0;
  },
});
