// Commands on rules of retention: which tags are let go, and what that would be.
import { invalid } from '../../base/errors.ts';
import { flag } from '../../cli/grammar/index.ts';
import { Catalog } from '../metadata/index.ts';
import { openStorage } from '../storage/index.ts';
import { listRetention, planRetention, removeRetention, retain, setRetention } from '../upkeep/index.ts';
import { type ConsoleCommand, table } from './command.ts';

const HOUR_MS = 3_600_000;

export const RETENTION_COMMANDS: readonly ConsoleCommand[] = [
  {
    words: 'retention add',
    args: 'PATTERN TAGS',
    short: 'Let tags go but the newest: `retention add "team/*" "build-*" --keep 20 --days 14`',
    flags: {
      keep: flag.int('', 'The newest that stay', 0),
      days: flag.int('', 'Those pushed in so many days stay', 0),
    },
    run({ database, args: [pattern = '', tags = ''], text }) {
      const number = (name: string): number => {
        const value = Number(text(name) || 0);
        if (!Number.isInteger(value) || value < 0) throw invalid(`--${name} is a number`);
        return value;
      };
      setRetention(database, { pattern, tags, keep: number('keep'), days: number('days') });
    },
  },
  {
    words: 'retention rm',
    args: 'PATTERN TAGS',
    short: 'Remove a rule of retention',
    flags: {},
    run: ({ database, args: [pattern = '', tags = ''] }) => removeRetention(database, pattern, tags),
  },
  {
    words: 'retention ls',
    args: '',
    short: 'List rules of retention',
    flags: {},
    run({ database, print }) {
      const rows = listRetention(database).map(({ pattern, tags, keep, days }) => [
        pattern,
        tags,
        `${keep}`,
        `${days}`,
      ]);
      print(table(['REPOSITORIES', 'TAGS', 'KEEP', 'DAYS'], rows));
    },
  },
  {
    words: 'retention run',
    args: '',
    short: 'Let tags go now; a hub that serves does it before each collection',
    flags: { 'dry-run': flag.bool('', 'Only print what would go, also while a hub serves') },
    async run({ openDriver, database, isSet, print }) {
      const now = Date.now();
      if (isSet('dry-run')) {
        const rows = [...planRetention({ database, now })].map(({ repository, tag, why }) => [
          `${repository}:${tag}`,
          why,
        ]);
        print(table(['WOULD GO', 'WHY'], rows));
        return;
      }
      await using opened = await openDriver();
      const place = { storage: openStorage(opened.driver, HOUR_MS), catalog: new Catalog(database), database, now };
      const count = await retain(place, (repository, tag) => print(`${repository}:${tag}\n`));
      print(`${count} tags are gone; what they held goes with the next collection\n`);
    },
  },
];
