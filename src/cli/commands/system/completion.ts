// `completion`: the script by which a shell completes our command lines.
import { SCRIPTS } from '../../completion/index.ts';
import { command } from '../../session/context.ts';
import { exactly, Failure } from '../../grammar/index.ts';

const SHELLS = Object.keys(SCRIPTS).join('|');

export const completion = command({
  use: SHELLS,
  description: 'Print the script by which a shell completes command lines, objects of the daemon among them',
  args: exactly(1),
  flags: {},
  examples: `  source <(berth completion bash)
  source <(berth completion zsh)
  berth completion fish | source`,
  run(context, { args: [shell = ''] }) {
    const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
    if (script === undefined) throw new Failure(`no completion for ${shell}; there is one for ${SHELLS}`);
    context.out(script);
    return 0;
  },
});
