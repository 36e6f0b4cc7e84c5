// Commands on users, robots and teams.
import { invalid } from '../../base/errors.ts';
import { flag } from '../../cli/grammar/index.ts';
import { hashPassword, newRobotSecret, ROBOT_MARK } from '../access/index.ts';
import { type ConsoleCall, type ConsoleCommand, dateOf, table } from './command.ts';

const MIN_PASSWORD = 8;
const HOUR_MS = 3_600_000;

/** `90d` or `12h`. */
function expiry(text: string): number | undefined {
  if (text === '') return undefined;
  const match = /^([1-9]\d{0,4})([dh])$/.exec(text);
  if (!match) throw invalid(`--expires ${text}: days (90d) or hours (12h) are wanted`);
  return Date.now() + Number(match[1]) * (match[2] === 'd' ? 24 : 1) * HOUR_MS;
}

async function password(call: ConsoleCall): Promise<string> {
  const text = await call.readLine();
  if (text.length < MIN_PASSWORD)
    throw invalid(`a password has ${MIN_PASSWORD} characters at least; it is read from the standard input`);
  return hashPassword(text);
}

export const ACCOUNT_COMMANDS: readonly ConsoleCommand[] = [
  {
    words: 'user add',
    args: 'NAME',
    short: 'Add a user; the password is read from the standard input',
    flags: { admin: flag.bool('', 'May do everything, with every repository') },
    async run(call) {
      const [name = ''] = call.args;
      const isAdmin = call.isSet('admin');
      const isFirst = !call.access.accounts.areThere;
      call.access.accounts.add(
        { name, kind: 'user', secret: await password(call), isAdmin, expiresAt: undefined },
        Date.now(),
      );
      if (isFirst)
        call.print(
          'This is the first account: from now on nobody may do anything without one, unless it is granted to anyone.\n',
        );
    },
  },
  {
    words: 'user password',
    args: 'NAME',
    short: 'Set the password of a user; tokens of before are worth nothing from then on',
    flags: {},
    run: async (call) => call.access.accounts.setSecret(call.args[0] ?? '', await password(call)),
  },
  {
    words: 'user rm',
    args: 'NAME',
    short: 'Remove a user or robot with its permissions',
    flags: {},
    run: ({ access, args }) => access.accounts.remove(args[0] ?? ''),
  },
  {
    words: 'user ls',
    args: '',
    short: 'List users and robots',
    flags: {},
    run({ access, print }) {
      const rows = access.accounts
        .list()
        .map(({ name, kind, isAdmin, createdAt, expiresAt }) => [
          name,
          isAdmin ? `${kind}, admin` : kind,
          dateOf(createdAt),
          dateOf(expiresAt),
        ]);
      print(table(['NAME', 'KIND', 'CREATED', 'EXPIRES'], rows));
    },
  },
  {
    words: 'robot add',
    args: 'NAME',
    short: 'Add an account for a program and print its secret, once',
    flags: { expires: flag.string('', 'Days (90d) or hours (12h) after which it is worth nothing') },
    run({ access, args, text, print }) {
      const { secret, kept } = newRobotSecret();
      const name = args[0] ?? '';
      const full = name.startsWith(ROBOT_MARK) ? name : `${ROBOT_MARK}${name}`;
      access.accounts.add(
        { name: full, kind: 'robot', secret: kept, isAdmin: false, expiresAt: expiry(text('expires')) },
        Date.now(),
      );
      print(`${full}\n${secret}\n`);
    },
  },
  {
    words: 'team join',
    args: 'TEAM NAME',
    short: 'Put an account into a team',
    flags: {},
    run: ({ access, args }) => access.accounts.join(args[0] ?? '', args[1] ?? ''),
  },
  {
    words: 'team leave',
    args: 'TEAM NAME',
    short: 'Take an account out of a team',
    flags: {},
    run: ({ access, args }) => access.accounts.leave(args[0] ?? '', args[1] ?? ''),
  },
];
