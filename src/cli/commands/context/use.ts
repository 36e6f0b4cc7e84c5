// `context use`: the context that commands go to from now on.
import { editConfig } from '../../../client/config/index.ts';
import { command } from '../../session/context.ts';
import { checkContextName, DEFAULT_CONTEXT } from '../../../client/config/index.ts';
import { exactly } from '../../grammar/index.ts';
import { overridingVariable } from './meta.ts';

export const use = command({
  use: 'CONTEXT',
  description: 'Set the current docker context',
  args: exactly(1),
  flags: {},
  run(context, { args: [name = ''] }) {
    const isDefault = name === DEFAULT_CONTEXT;
    if (!isDefault) {
      checkContextName(name);
      context.contexts.get(name);
    }
    const chosen = isDefault ? undefined : name;
    const config = context.config();
    if ((config['currentContext'] || undefined) !== chosen)
      editConfig(context.globals.config, config, { currentContext: chosen });
    context.out(`${name}\n`);
    context.err(`Current context is now "${name}"\n`);
    const variable = overridingVariable(context);
    if (!isDefault && variable)
      context.err(
        `Warning: ${variable} environment variable overrides the active context. To use "${name}", either set the global --context flag, or unset ${variable} environment variable.\n`,
      );
    return 0;
  },
});
