// `service logs`: what all tasks of a service wrote, each line with the task that wrote it.
import { Demux } from '../../../client/index.ts';
import { command } from '../../session/context.ts';
import { exactly, flag } from '../../grammar/index.ts';

export const logs = command({
  use: '[OPTIONS] SERVICE',
  description: 'Fetch the logs of a service',
  args: exactly(1),
  flags: {
    follow: flag.bool('f', 'Follow log output'),
    raw: flag.bool('', 'Do not neatly format logs'),
    tail: flag.string('n', 'Number of lines to show from the end of the logs', 'all'),
    timestamps: flag.bool('t', 'Show timestamps'),
  },
  async run(context, { flags, args: [id = ''] }) {
    const { client } = context;
    const answer = await client.stream('ServiceLogs', {
      params: { id },
      query: {
        stdout: true,
        stderr: true,
        details: !flags.raw,
        follow: flags.follow,
        timestamps: flags.timestamps,
        tail: flags.tail,
      },
    });
    const shown = (data: Uint8Array): Uint8Array => {
      if (flags.raw) return data;
      const text = Buffer.from(data).toString();
      const task = /com\.docker\.swarm\.task\.id=(\w+)/.exec(text)?.[1] ?? '';
      return Buffer.from(`${task.slice(0, 12)} | ${text.replace(/com\.docker\.swarm\.\S+ /, '')}`);
    };
    const demux = new Demux((stream, data) =>
      stream === 'stderr' ? context.err(shown(data)) : context.out(shown(data)),
    );
    for await (const chunk of answer.body) demux.push(chunk);
    return 0;
  },
});
