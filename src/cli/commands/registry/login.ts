// `login`: proves credentials to a registry and keeps them in config.json.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { type Context, command } from '../../context.ts';
import { atMost, Failure, flag } from '../../grammar/index.ts';
import { credentials, helperOf, hostOf, INDEX } from '../registry-auth.ts';
import { editAuths } from './auths.ts';
import { storeWithHelper } from './helper.ts';

export const login = command({
  use: '[OPTIONS] [SERVER]',
  description: 'Authenticate to a registry.\nDefaults to Docker Hub if no server is specified.',
  args: atMost(1),
  flags: {
    password: flag.string('p', 'Password or Personal Access Token (PAT)'),
    'password-stdin': flag.bool('', 'Take the Password or Personal Access Token (PAT) from stdin'),
    username: flag.string('u', 'Username'),
  },
  async run(context, { flags, args: [server = ''] }) {
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
    const stored = credentials(context, address);
    if (username === '' && password === '' && stored.username && stored.password) {
      context.err(`Authenticating with existing credentials... [Username: ${stored.username}]\n\n`);
      ({ username, password } = { username: stored.username, password: stored.password });
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
    const answer = await context.client.json<{ Status: string; IdentityToken?: string }>('SystemAuth', {
      json: { username, password, serveraddress: address },
    });
    keep(context, address, { username, password, token: answer.IdentityToken ?? '' });
    context.out(`${answer.Status}\n`);
    return 0;
  },
});

/** In the helper that is set up for the registry, else in config.json. */
function keep(context: Context, address: string, found: { username: string; password: string; token: string }): void {
  const { username, password, token } = found;
  const helper = helperOf(context, address);
  if (helper !== undefined) {
    storeWithHelper(
      helper,
      address,
      token ? { Username: '<token>', Secret: token } : { Username: username, Secret: password },
    );
    // that there is something is in config.json, what it is is not
    editAuths(context, (auths) => ({ ...auths, [address]: {} }));
    return;
  }
  const auth = Buffer.from(`${username}:${token ? '' : password}`).toString('base64');
  warnPlain(
    context,
    editAuths(context, (auths) => ({ ...auths, [address]: { auth, ...(token ? { identitytoken: token } : {}) } })),
  );
}

function warnPlain(context: Context, path: string): void {
  context.err(
    `\nWARNING! Your credentials are stored unencrypted in '${path}'.\nConfigure a credential helper to remove this warning. See\nhttps://docs.docker.com/go/credential-store/\n\n`,
  );
}

function ask(question: string, echo: boolean): Promise<string> {
  process.stdout.write(question);
  return new Promise((resolve) => {
    const reader = createInterface({
      input: process.stdin,
      ...(echo ? { output: process.stdout } : {}),
      terminal: true,
    });
    reader.once('line', (line) => {
      reader.close();
      resolve(line.trim());
    });
  });
}
