// Commands on the storage, for a hub that does not serve now: one that does collects by itself.
import { internal } from '../../base/errors.ts';
import { createLog } from '../../base/log.ts';
import { flag } from '../../cli/grammar/index.ts';
import { Catalog } from '../metadata/index.ts';
import { openStorage } from '../storage/index.ts';
import { checkHub, collect } from '../upkeep/index.ts';
import type { ConsoleCommand } from './command.ts';

const HOUR_MS = 3_600_000;

export const UPKEEP_COMMANDS: readonly ConsoleCommand[] = [
  {
    words: 'collect',
    args: '',
    short: 'Remove blobs that no manifest needs',
    flags: { 'dry-run': flag.bool('', 'Only print what would go') },
    async run({ openDriver, database, isSet, print }) {
      await using opened = await openDriver();
      const storage = openStorage(opened.driver, HOUR_MS);
      const catalog = new Catalog(database);
      const isTrial = isSet('dry-run');
      const done = await collect({ storage, catalog, log: createLog('warn'), now: Date.now(), isTrial });
      const verb = isTrial ? 'would go' : 'are gone';
      print(`${done.blobs} blobs of ${done.bytes} bytes, ${done.links} links, ${done.uploads} uploads ${verb}\n`);
    },
  },
  {
    words: 'check',
    args: '',
    short: 'Find what is missing or damaged',
    flags: {
      deep: flag.bool('', 'Read and hash all bytes'),
      repair: flag.bool('', 'Put right what can be: what is damaged is removed'),
    },
    async run({ openDriver, database, isSet, print }) {
      await using opened = await openDriver();
      let left = 0;
      const storage = openStorage(opened.driver, HOUR_MS);
      for await (const { repository, what, repair } of checkHub(storage, isSet('deep'))) {
        const isMended = isSet('repair') && repair !== undefined;
        print(`${repository === '' ? '' : `${repository}: `}${what}${isMended ? ' (removed)' : ''}\n`);
        if (isMended) await repair();
        else left += 1;
      }
      // the next start reads the storage again
      if (isSet('repair'))
        database.exec(
          "DELETE FROM manifest; DELETE FROM tag; DELETE FROM layer; DELETE FROM fact WHERE name = 'scanned'",
        );
      if (left > 0) throw internal(`${left} findings are left`);
      print('nothing is missing\n');
    },
  },
];
