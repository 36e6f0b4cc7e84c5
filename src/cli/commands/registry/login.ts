// `login`: proves credentials to a registry and keeps them in config.json.
import { readFileSync } from 'node:fs';
import { type Context, command } from '../../session/context.ts';
import { atMost, Failure, flag } from '../../grammar/index.ts';
import { ResponseError } from '../../../client/index.ts';
import { note } from '../shared/note.ts';
import { ask } from '../shared/prompt.ts';
import { type Credentials, hostOf, INDEX, storeWithHelper } from '../../../client/config/index.ts';
import { editAuths } from './auths.ts';

export const login = command({
  use: '[OPTIONS] [SERVER]',
  description: 'Authenticate to a registry.\nDefaults to Docker Hub if no server is specified.',
  args: atMost(1),
  flags: {
    password: flag.string('p', 'Password or Personal Access Token (PAT)'),
    'password-stdin': flag.bool('', 'Take the Password or Personal Access Token (PAT) from stdin'),
    username: flag.string('u', 'Username'),
  },
  async run(context, { flags, given, args: [server = ''] }) {
    for (const name of ['username', 'password'] as const)
      if (given(name) && flags[name] === '') throw new Failure(`${name} is empty`);
    if (flags.password !== '' && flags['password-stdin']) {
      throw new Failure('conflicting options: cannot specify both --password and --password-stdin');
    }
    let { password, username } = flags;
    if (flags['password-stdin']) {
      if (username === '') throw new Failure('the --password-stdin option requires --username to be set');
      password = readFileSync(0, 'utf8').replace(/\r?\n$/, '');
    } else if (password !== '')
      context.err('WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n');
    const address = server === '' || server === 'docker.io' ? INDEX : hostOf(server);
    const stored = storedCredentials(context, address);
    if (username === '' && password === '' && stored.username && stored.password) {
      context.err(`Authenticating with existing credentials... [Username: ${stored.username}]\n`);
      context.err(`${note("To login with a different account, run 'docker logout' followed by 'docker login'")}\n\n`);
      try {
        return await enter(context, address, stored.username, stored.password);
      } catch (error) {
        if (!(error instanceof ResponseError)) throw error;
        context.err(
          error.status === 401
            ? 'Stored credentials invalid or expired\n'
            : `Login did not succeed, error: ${error.message}\n`,
        );
      }
    }
    if (username === '' || password === '') {
      if (!context.terminal(0)) throw new Failure('Error: Cannot perform an interactive login from a non TTY device');
      username ||= await ask(`Username${stored.username ? ` (${stored.username})` : ''}: `, true);
      username ||= stored.username ?? '';
      if (username === '') throw new Failure('Error: Non-null Username Required');
      password ||= await ask('Password: ', false);
      context.out('\n');
      if (password === '') throw new Failure('Error: Password Required');
    }
    return enter(context, address, username, password);
  },
});

/** What there is of an earlier login; a helper that cannot be asked has nothing. */
function storedCredentials(context: Context, address: string): Credentials {
  try {
    return context.credentials.of(address);
  } catch {
    return {};
  }
}

async function enter(context: Context, address: string, username: string, password: string): Promise<number> {
  const answer = await context.client.json<{ Status: string; IdentityToken?: string }>('SystemAuth', {
    json: { username, password, serveraddress: address },
  });
  keep(context, address, { username, password, token: answer.IdentityToken ?? '' });
  context.out(`${answer.Status}\n`);
  return 0;
}

/** In the helper that is set up for the registry, else in config.json. */
function keep(context: Context, address: string, found: { username: string; password: string; token: string }): void {
  const { username, password, token } = found;
  const helper = context.credentials.helperOf(address);
  if (helper !== undefined) {
    const kept = token ? { Username: '<token>', Secret: token } : { Username: username, Secret: password };
    try {
      storeWithHelper(helper, address, kept);
    } catch (error) {
      throw new Failure(`Error saving credentials: ${(error as Error).message}`);
    }
    // that there is something is in config.json, what it is is not
    editAuths(context, (auths) => ({ ...auths, [address]: {} }));
    return;
  }
  const auth = Buffer.from(`${username}:${token ? '' : password}`).toString('base64');
  const entry = { auth, ...(token ? { identitytoken: token } : {}) };
  const { auths: before } = context.config() as { auths?: Record<string, object> };
  if (JSON.stringify(before?.[address]) === JSON.stringify(entry)) return;
  const path = editAuths(context, (auths) => ({ ...auths, [address]: entry }));
  // a token can be taken back, a password has other uses
  if (!token) warnPlain(context, path);
}

function warnPlain(context: Context, path: string): void {
  context.err(
    `\nWARNING! Your credentials are stored unencrypted in '${path}'.\nConfigure a credential helper to remove this warning. See\nhttps://docs.docker.com/go/credential-store/\n\n`,
  );
}
