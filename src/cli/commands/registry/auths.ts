// Changes the credentials in config.json.
import { editConfig } from '../../../client/config/index.ts';
import type { Context } from '../../session/context.ts';

type Auths = Readonly<Record<string, object>>;

/** Gives the path of the file. */
export function editAuths(context: Context, change: (auths: Auths) => Auths): string {
  const config = context.config();
  const changed = change((config['auths'] ?? {}) as Auths);
  // in the order in which docker writes them
  const auths = Object.fromEntries(Object.entries(changed).sort(([one], [other]) => (one < other ? -1 : 1)));
  return editConfig(context.globals.config, config, { auths });
}
