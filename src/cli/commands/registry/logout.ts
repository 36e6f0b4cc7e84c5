// `logout`: forgets the credentials of a registry.
import { command } from '../../context.ts';
import { atMost } from '../../grammar/index.ts';
import { helperOf, INDEX } from '../registry-auth.ts';
import { editAuths } from './auths.ts';
import { eraseWithHelper } from './helper.ts';

export const logout = command({
  use: '[SERVER]',
  description: 'Log out from a registry.\nIf no server is specified, the default is defined by the daemon.',
  args: atMost(1),
  flags: {},
  async run(context, { args: [server = ''] }) {
    const address = server === '' ? INDEX : server;
    const host = server === '' ? INDEX : server.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
    context.out(`Removing login credentials for ${host}\n`);
    const gone = new Set([address, host, `http://${host}`, `https://${host}`]);
    const helper = helperOf(context, host);
    if (helper !== undefined) eraseWithHelper(helper, host);
    editAuths(context, (auths) => Object.fromEntries(Object.entries(auths).filter(([key]) => !gone.has(key))));
    return 0;
  },
});
