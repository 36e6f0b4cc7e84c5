// A command of the tree: its name, its one line, and how it is loaded.
import type { CliNode, Context } from '../session/context.ts';
import type { AnyCommand } from '../grammar/index.ts';

type Load = () => Promise<AnyCommand<Context>>;
export const leaf = (name: string, short: string, load: Load, more: Partial<CliNode> = {}): CliNode => ({
  name,
  short,
  load,
  ...more,
});
