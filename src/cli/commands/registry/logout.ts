// `logout`: forgets the credentials of a registry.
import { command } from '../../session/context.ts';
import { atMost } from '../../grammar/index.ts';
import { eraseWithHelper, hostOf, INDEX } from '../../../client/config/index.ts';
import { editAuths } from './auths.ts';

export const logout = command({
  use: '[SERVER]',
  description: 'Log out from a registry.\nIf no server is specified, the default is defined by the daemon.',
  args: atMost(1),
  flags: {},
  async run(context, { args: [server = ''] }) {
    const host = server === '' ? INDEX : hostOf(server);
    context.out(`Removing login credentials for ${host}\n`);
    const helper = context.credentials.helperOf(host);
    // older clients kept them with a scheme
    const kept = host === INDEX ? [INDEX] : [host, `http://${host}`, `https://${host}`];
    if (helper !== undefined) for (const one of kept) eraseWithHelper(helper, one);
    editAuths(context, (auths) => Object.fromEntries(Object.entries(auths).filter(([key]) => hostOf(key) !== host)));
    return 0;
  },
});
