// Changes the credentials in config.json.
import { editConfig } from '../../config-file.ts';
import type { Context } from '../../context.ts';

type Auths = Readonly<Record<string, object>>;

/** Gives the path of the file. */
export function editAuths(context: Context, change: (auths: Auths) => Auths): string {
  const config = context.config();
  return editConfig(context.globals.config, config, { auths: change((config['auths'] ?? {}) as Auths) });
}
