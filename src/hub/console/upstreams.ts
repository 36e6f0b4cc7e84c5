// Commands on other registries and programs: mirrors, replicas, web hooks, and what waits for them.
import { randomBytes } from 'node:crypto';
import { flag } from '../../cli/grammar/index.ts';
import { conflict, internal, invalid, messageOf } from '../../base/errors.ts';
import { DEFAULT_SETTINGS, Registries } from '../../registry/client/index.ts';
import { Catalog } from '../metadata/index.ts';
import { openStorage } from '../storage/index.ts';
import {
  bring,
  Follows,
  listReplicas,
  removeReplica,
  setReplica,
  splitAddress,
  Upstreams,
  Webhooks,
} from '../upstreams/index.ts';
import { type ConsoleCall, type ConsoleCommand, dateOf, table } from './command.ts';

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** Nothing is collected while the command runs. */
const DAY_MS = 86_400_000;

const login = {
  user: flag.string('u', 'Account there; its password is read from the standard input', ''),
};

async function secretOf(call: ConsoleCall): Promise<string> {
  return call.text('user') === '' ? '' : call.readLine();
}

const addressOf = ({ domain, path }: { domain: string; path: string }): string =>
  `${domain}${path === '' ? '' : `/${path}`}`;

async function importRegistry(call: ConsoleCall): Promise<void> {
  const { domain, path } = splitAddress(call.args[0] ?? '');
  const secret = await secretOf(call);
  const credentials = secret === '' ? {} : { username: call.text('user'), password: secret };
  const opening = call.openDriver().catch((error: unknown) => {
    throw conflict(`${messageOf(error)}; one that serves brings it by itself: berth hub follow add`, { cause: error });
  });
  await using opened = await opening;
  const broken = new AbortController();
  process.once('SIGINT', () => broken.abort(new Error('interrupted: the same command goes on where it was')));
  const done = await bring(
    {
      storage: openStorage(opened.driver, DAY_MS),
      catalog: new Catalog(call.database),
      registries: new Registries({ ...DEFAULT_SETTINGS, insecure: call.isSet('insecure') ? [domain] : [] }),
      blobBytes: Number.MAX_SAFE_INTEGER,
      checkTag: (...about) => call.access.rules.checkTag(...about),
      say: (name, tag, failure) =>
        call.print(`${name}:${tag} ${failure === undefined ? 'is here' : `did not come: ${failure}`}\n`),
    },
    { domain, path, pattern: call.text('only'), credentials },
    broken.signal,
  );
  call.print(
    `${done.tags} tags of ${done.repositories} repositories came with ${done.blobs} blobs of ${done.bytes} bytes; ${done.same} tags were here already\n`,
  );
  if (done.failed > 0) throw internal(`${done.failed} tags did not come`);
}

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
    words: 'import',
    args: 'REGISTRY',
    short: 'Bring what another registry has: `import old.example.com`; again, what is missing',
    flags: {
      ...login,
      only: flag.string('', 'Repositories that come: a name, or a pattern such as `team/*`', '*'),
      insecure: flag.bool('', 'Speak to it without TLS'),
    },
    run: importRegistry,
  },
  {
    words: 'follow add',
    args: 'PATTERN REGISTRY',
    short: 'Bring what appears there, again and again: `follow add "team/*" other.example.com`',
    flags: { ...login, every: flag.string('', 'How often it is asked: 90s, 10m, 1h, 1d', '1h') },
    run: async (call) => {
      const [pattern = '', address = ''] = call.args;
      const every = /^(\d{1,6})(s|m|h|d)$/.exec(call.text('every'));
      if (!every) throw invalid(`--every ${call.text('every')}: 90s, 10m, 1h or 1d is wanted`);
      const login = { account: call.text('user'), secret: await secretOf(call) };
      new Follows(call.database).set(pattern, address, login, Number(every[1]) * (UNITS[every[2] ?? ''] ?? 0));
    },
  },
  {
    words: 'follow rm',
    args: 'PATTERN REGISTRY',
    short: 'Ask it no more; what came stays',
    flags: {},
    run: ({ database, args: [pattern = '', address = ''] }) => new Follows(database).remove(pattern, address),
  },
  {
    words: 'follow ls',
    args: '',
    short: 'List what is brought again and again',
    flags: {},
    run({ database, print }) {
      const rows = new Follows(database)
        .list()
        .map((one) => [one.pattern, addressOf(one), `${one.everyMs / 1000} s`, one.account || '-']);
      print(table(['REPOSITORIES', 'REGISTRY', 'EVERY', 'ACCOUNT'], rows));
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
