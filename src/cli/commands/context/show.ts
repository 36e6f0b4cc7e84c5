// `context show`: which context commands go to.
import { command } from '../../session/context.ts';
import { none } from '../../grammar/index.ts';

export const show = command({
  use: '',
  description: 'Print the name of the current context',
  args: none,
  flags: {},
  run(context) {
    context.out(`${context.currentContext}\n`);
    return 0;
  },
});
