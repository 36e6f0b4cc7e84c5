// `context rm`: forgets contexts.
import { command } from '../../session/context.ts';
import { editConfig } from '../../../client/config/index.ts';
import { DEFAULT_CONTEXT } from '../../../client/config/index.ts';
import { atLeast, Failure, flag } from '../../grammar/index.ts';

export const rm = command({
  use: 'CONTEXT [CONTEXT...]',
  description: 'Remove one or more contexts',
  aliases: 'docker context rm, docker context remove',
  args: atLeast(1),
  flags: {
    force: flag.bool('f', 'Force the removal of a context in use'),
  },
  run(context, { flags, args }) {
    const { contexts, currentContext, globals } = context;
    const errors: string[] = [];
    for (const name of args) {
      if (name === DEFAULT_CONTEXT) errors.push('context "default" cannot be removed');
      else if (name === currentContext && !flags.force)
        errors.push(`context "${name}" is in use, set -f flag to force remove`);
      else if (!flags.force && !contexts.has(name)) errors.push(`context "${name}" does not exist`);
      else {
        if (name === currentContext) editConfig(globals.config, context.config(), { currentContext: undefined });
        contexts.remove(name);
        context.out(`${name}\n`);
      }
    }
    if (errors.length > 0) throw new Failure(errors.join('\n'));
    return 0;
  },
});
