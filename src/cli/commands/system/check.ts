// `system check`: holds the image store against its digests and records, and repairs it. Exit code 0: whole, or repaired; 3: damaged.
import type { StoreCheck } from '../../../spec/berth/index.ts';
import { command } from '../../session/context.ts';
import { flag, none } from '../../grammar/index.ts';
import { ownJson } from '../shared/own.ts';

const DAMAGED = 3;

export const check = command({
  use: '[OPTIONS]',
  description: 'Check the image store for damage',
  args: none,
  flags: {
    repair: flag.bool('', 'Repair what can be repaired'),
    verbose: flag.bool('v', 'Also say what the store keeps, and why'),
  },
  async run(context, { flags }) {
    const path = '/berth/system/check';
    const answer = await ownJson<StoreCheck>(
      context,
      path,
      { repair: String(flags.repair) },
      flags.repair ? 'POST' : 'GET',
    );
    if (flags.verbose) context.out(answer.plan);
    for (const { text } of answer.findings) context.out(`${text}\n`);
    const left = answer.findings.filter(({ repairable }) => !repairable || !answer.repaired).length;
    if (answer.findings.length === 0) context.out('the store is whole\n');
    return left === 0 ? 0 : DAMAGED;
  },
});
