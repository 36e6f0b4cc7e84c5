// Commands on permissions, rules and the audit trail.
import { invalid } from '../../base/errors.ts';
import { readBytes } from '../../base/units.ts';
import { flag } from '../../cli/grammar/index.ts';
import { ROLES } from '../access/index.ts';
import { type ConsoleCommand, dateOf, table } from './command.ts';

export const RULE_COMMANDS: readonly ConsoleCommand[] = [
  {
    words: 'grant',
    args: 'SUBJECT PATTERN ROLE',
    short: 'Let an account, a @team or anyone read, write or admin repositories',
    flags: {},
    run({ access, args: [subject = '', pattern = '', text = ''] }) {
      const role = ROLES.find((known) => known === text);
      if (!role) throw invalid(`${text} is no role: ${ROLES.join(', ')}`);
      access.accounts.grant(subject, pattern, role);
    },
  },
  {
    words: 'revoke',
    args: 'SUBJECT PATTERN',
    short: 'Take a permission back, at once, whatever tokens say',
    flags: {},
    run: ({ access, args: [subject = '', pattern = ''] }) => access.accounts.revoke(subject, pattern),
  },
  {
    words: 'grants',
    args: '',
    short: 'List permissions',
    flags: {},
    run({ access, print }) {
      const rows = access.accounts.grants().map(({ subject, pattern, role }) => [subject, pattern, role]);
      print(table(['SUBJECT', 'REPOSITORIES', 'ROLE'], rows));
    },
  },
  {
    words: 'rule immutable',
    args: 'PATTERN TAGS',
    short: 'Keep tags what they are: `rule immutable "team/*" "v*"`',
    flags: {},
    run: ({ access, args: [pattern = '', value = ''] }) => access.rules.set({ kind: 'immutable', pattern, value }),
  },
  {
    words: 'rule quota',
    args: 'PATTERN SIZE',
    short: 'Bound what repositories hold together: `rule quota "team/*" 50g`',
    flags: {},
    run: ({ access, args: [pattern = '', size = ''] }) =>
      access.rules.set({ kind: 'quota', pattern, value: String(readBytes(size)) }),
  },
  {
    words: 'rule rm',
    args: 'KIND PATTERN',
    short: 'Remove a rule',
    flags: {},
    run({ access, args: [kind = '', pattern = ''] }) {
      if (kind !== 'immutable' && kind !== 'quota') throw invalid(`${kind} is no kind of rule: immutable, quota`);
      access.rules.remove(kind, pattern);
    },
  },
  {
    words: 'rules',
    args: '',
    short: 'List rules',
    flags: {},
    run: ({ access, print }) =>
      print(
        table(
          ['KIND', 'REPOSITORIES', 'VALUE'],
          access.rules.list().map((rule) => [rule.kind, rule.pattern, rule.value]),
        ),
      ),
  },
  {
    words: 'audit',
    args: '',
    short: 'Print who did what, the newest first',
    flags: { tail: flag.int('n', 'Number of entries', 50) },
    run({ access, text, print }) {
      const rows = access.audit
        .list(Number(text('tail')) || 50)
        .map(({ at, account, address, action, repository, what }) => [
          dateOf(at),
          account === '' ? '-' : account,
          address,
          action,
          repository,
          what,
        ]);
      print(table(['TIME', 'ACCOUNT', 'ADDRESS', 'ACTION', 'REPOSITORY', 'WHAT'], rows));
    },
  },
];
