// `load`: images out of a tar archive.
import { createReadStream, fstatSync, openSync } from 'node:fs';
import { command } from '../../session/context.ts';
import { Failure, flag, none } from '../../grammar/index.ts';
import { openError } from '../../../client/container/index.ts';
import { showProgress } from '../../progress/index.ts';
import { displayOn } from '../shared/display-on.ts';
import { platformQuery } from './platform.ts';

export const load = command({
  use: '[OPTIONS]',
  description: 'Load an image from a tar archive or STDIN',
  aliases: 'docker image load, docker load',
  args: none,
  flags: {
    input: flag.string('i', 'Read from tar archive file, instead of STDIN'),
    platform: flag.string(
      '',
      'Load only the given platform variant. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")',
      '',
      { since: '1.48' },
    ),
    quiet: flag.bool('q', 'Suppress the load output'),
  },
  async run(context, { flags }) {
    if (flags.input === '' && context.terminal(0)) throw new Failure('requested load from stdin, but stdin is empty');
    const quiet = flags.quiet || !context.terminal(1);
    const { platform } = platformQuery(flags.platform);
    const answer = await context.client.stream('ImageLoad', {
      query: { quiet, ...(platform === undefined ? {} : { platform: [platform] }) },
      raw: flags.input === '' ? process.stdin : openInput(flags.input),
      headers: { 'Content-Type': 'application/x-tar' },
    });
    if (/json/.test(answer.head.headers.get('content-type') ?? ''))
      await showProgress(answer.body, displayOn(context, 1));
    else for await (const chunk of answer.body) context.out(chunk.toString());
    return 0;
  },
});

/** The bytes of a file. Throws Failure with Go's words when it can't be opened. */
export function openInput(path: string): AsyncIterable<Uint8Array> {
  try {
    const fd = openSync(path, 'r');
    if (!fstatSync(fd).isDirectory()) return createReadStream('', { fd, highWaterMark: 1 << 18 });
  } catch (error) {
    throw new Failure(openError(path, error));
  }
  throw new Failure(`read ${path}: is a directory`);
}
