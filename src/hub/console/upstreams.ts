// Commands on other registries and programs: mirrors, replicas, web hooks, and what waits for them.
import { randomBytes } from 'node:crypto';
import { flag } from '../../cli/grammar/index.ts';
import { listReplicas, removeReplica, setReplica, Upstreams, Webhooks } from '../upstreams/index.ts';
import { type ConsoleCall, type ConsoleCommand, dateOf, table } from './command.ts';

const login = {
  user: flag.string('u', 'Account there; its password is read from the standard input', ''),
};

async function secretOf(call: ConsoleCall): Promise<string> {
  return call.text('user') === '' ? '' : call.readLine();
}

const addressOf = ({ domain, path }: { domain: string; path: string }): string =>
  `${domain}${path === '' ? '' : `/${path}`}`;

export const UPSTREAM_COMMANDS: readonly ConsoleCommand[] = [
  {
    words: 'mirror add',
    args: 'PREFIX REGISTRY',
    short: 'Pull through: `mirror add docker.io docker.io`, then pull HUB/docker.io/library/alpine',
    flags: login,
    run: async (call) => {
      const [prefix = '', address = ''] = call.args;
      new Upstreams(call.database).set(prefix, address, call.text('user'), await secretOf(call));
    },
  },
  {
    words: 'mirror rm',
    args: 'PREFIX',
    short: 'End a mirror; what it brought stays',
    flags: {},
    run: ({ database, args: [prefix = ''] }) => new Upstreams(database).remove(prefix),
  },
  {
    words: 'mirror ls',
    args: '',
    short: 'List mirrors',
    flags: {},
    run({ database, print }) {
      const rows = new Upstreams(database).list().map((one) => [one.prefix, addressOf(one), one.account || '-']);
      print(table(['PREFIX', 'REGISTRY', 'ACCOUNT'], rows));
    },
  },
  {
    words: 'replica add',
    args: 'PATTERN REGISTRY',
    short: 'Send pushes on: `replica add "team/*" other.example.com/backup`',
    flags: login,
    run: async (call) => {
      const [pattern = '', address = ''] = call.args;
      setReplica(call.database, pattern, address, call.text('user'), await secretOf(call));
    },
  },
  {
    words: 'replica rm',
    args: 'PATTERN REGISTRY',
    short: 'Send them no more',
    flags: {},
    run: ({ database, args: [pattern = '', address = ''] }) => removeReplica(database, pattern, address),
  },
  {
    words: 'replica ls',
    args: '',
    short: 'List where pushes go on to',
    flags: {},
    run({ database, print }) {
      const rows = listReplicas(database).map((one) => [one.pattern, addressOf(one), one.account || '-']);
      print(table(['REPOSITORIES', 'REGISTRY', 'ACCOUNT'], rows));
    },
  },
  {
    words: 'webhook add',
    args: 'PATTERN URL',
    short: 'Tell a program of pushes and deletions; prints the secret that signs, once',
    flags: {},
    run({ database, args: [pattern = '', url = ''], print }) {
      const secret = randomBytes(32).toString('base64url');
      new Webhooks(database).set({ pattern, url, secret });
      print(`${secret}\n`);
    },
  },
  {
    words: 'webhook rm',
    args: 'PATTERN URL',
    short: 'Tell it no more',
    flags: {},
    run: ({ database, args: [pattern = '', url = ''] }) => new Webhooks(database).remove(pattern, url),
  },
  {
    words: 'webhook ls',
    args: '',
    short: 'List web hooks',
    flags: {},
    run: ({ database, print }) =>
      print(
        table(
          ['REPOSITORIES', 'URL'],
          new Webhooks(database).list().map(({ pattern, url }) => [pattern, url]),
        ),
      ),
  },
  {
    words: 'jobs',
    args: '',
    short: 'List what waits to be sent, with the last error',
    flags: {},
    run({ database, print }) {
      const rows = database
        .prepare('SELECT kind, target, tries, next_at, error FROM job ORDER BY id LIMIT 1000')
        .all()
        .map((row) =>
          [row['kind'], row['target'], row['tries'], dateOf(Number(row['next_at'])), row['error'] || '-'].map(String),
        );
      print(table(['KIND', 'TO', 'TRIES', 'NEXT', 'ERROR'], rows));
    },
  },
];
