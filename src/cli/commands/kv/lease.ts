// `kv lease`: keys that go when nobody cares for them any more.
import { setTimeout as pause } from 'node:timers/promises';
import type { KeyValueLease } from '../../../spec/berth/index.ts';
import { command } from '../../session/context.ts';
import { exactly, flag } from '../../grammar/index.ts';
import { numberOf } from './verbs.ts';

export const grant = command({
  use: 'SECONDS',
  description: 'Make a lease that ends when it is not kept alive for so long, and print its ID',
  args: exactly(1),
  flags: {},
  async run(context, { args: [seconds = ''] }) {
    const { ID } = await context.client.json<KeyValueLease>('BerthKvLeaseGrant', {
      query: { seconds: numberOf(seconds, 'time') },
    });
    context.out(`${ID}\n`);
    return 0;
  },
});

export const keepAlive = command({
  use: '[OPTIONS] LEASE',
  description: 'Keep a lease alive, again and again until it ends or this command does',
  args: exactly(1),
  flags: { once: flag.bool('', 'Only once') },
  async run(context, { flags, args: [id = ''] }) {
    for (;;) {
      const { Seconds } = await context.client.json<KeyValueLease>('BerthKvLeaseKeepAlive', { params: { id } });
      if (flags.once) return 0;
      await pause((Seconds * 1000) / 3);
    }
  },
});

export const revoke = command({
  use: 'LEASE',
  description: 'End a lease, and with it its keys',
  args: exactly(1),
  flags: {},
  async run(context, { args: [id = ''] }) {
    await context.client.text('BerthKvLeaseRevoke', { params: { id } });
    return 0;
  },
});
