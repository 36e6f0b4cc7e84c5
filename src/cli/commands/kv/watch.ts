// `kv watch`: changes as they come, one a line.
import type { KeyValueChange, KeyValueChanges } from '../../../spec/berth/index.ts';
import { command } from '../../session/context.ts';
import { flag, range } from '../../grammar/index.ts';
import { numberOf } from './verbs.ts';

/** So long one question is held open, seconds. */
const WAIT = 60;

export const watch = command({
  use: '[OPTIONS] [PREFIX]',
  description: "Print what there is and then each change: of tasks with a prefix below 'services/'",
  args: range(0, 1),
  flags: {
    json: flag.bool('', 'Print changes as JSON'),
    once: flag.bool('', 'End with the first changes'),
    since: flag.string('', 'Begin after this revision'),
  },
  async run(context, { flags, args: [prefix = ''] }) {
    let since = flags.since === '' ? undefined : numberOf(flags.since, 'revision');
    for (;;) {
      const found = await context.client.json<KeyValueChanges>('BerthKvWatch', {
        query: { prefix, wait: WAIT, ...(since === undefined ? {} : { since }) },
      });
      if (found.Reset && since !== undefined)
        context.err(`changes since ${since} are not known any more; what there is now follows\n`);
      for (const change of found.Changes) context.out(`${flags.json ? JSON.stringify(change) : textOf(change)}\n`);
      if (flags.once && found.Changes.length > 0) return 0;
      since = found.Revision;
    }
  },
});

function textOf(change: KeyValueChange): string {
  if (change.Kind === 'delete') return `delete ${change.Revision} ${change.Key}`;
  return `put ${change.Revision} ${change.Key} ${JSON.stringify(Buffer.from(change.Value, 'base64').toString())}`;
}
