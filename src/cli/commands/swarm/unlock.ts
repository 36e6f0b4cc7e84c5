// `swarm unlock` and `swarm unlock-key`: the key of managers that are locked when they start.
import { readFileSync } from 'node:fs';
import type { Client } from '../../../client/index.ts';
import { Failure, flag, none } from '../../grammar/index.ts';
import { command } from '../../session/context.ts';
import { ask } from '../shared/prompt.ts';
import type { SwarmState } from './token.ts';

async function unlockKey(client: Client): Promise<string> {
  const { UnlockKey } = await client.json<{ UnlockKey: string }>('SwarmUnlockkey');
  return UnlockKey;
}

/** What is said when a key was made. */
export async function unlockHint(client: Client): Promise<string> {
  const key = await unlockKey(client);
  return `To unlock a swarm manager after it restarts, run the \`berth swarm unlock\`\ncommand and provide the following key:\n\n    ${key}\n\nRemember to store this key in a password manager, since without it you\nwill not be able to restart the manager.\n`;
}

export const unlock = command({
  use: '',
  description: 'Unlock swarm',
  args: none,
  flags: {},
  async run(context) {
    const { client } = context;
    const { Swarm } = await client.json<{ Swarm: { LocalNodeState: string } }>('SystemInfo');
    if (Swarm.LocalNodeState === 'inactive') throw new Failure('Error: This node is not part of a swarm');
    if (Swarm.LocalNodeState !== 'locked') throw new Failure('Error: swarm is not locked');
    const key = context.terminal(0) ? await ask('Enter unlock key: ', false) : readFileSync(0, 'utf8').trim();
    await client.text('SwarmUnlock', { json: { UnlockKey: key } });
    return 0;
  },
});

export const unlockKeyCommand = command({
  use: '[OPTIONS]',
  description: 'Manage the unlock key',
  args: none,
  flags: { quiet: flag.bool('q', 'Only display token'), rotate: flag.bool('', 'Rotate unlock key') },
  async run(context, { flags }) {
    const { client } = context;
    if (flags.rotate) {
      const { Spec, Version } = await client.json<SwarmState & { Spec: Settings }>('SwarmInspect');
      if (!Spec.EncryptionConfig?.AutoLockManagers)
        throw new Failure('cannot rotate because autolock is not turned on');
      const query = { version: Version.Index, rotateManagerUnlockKey: true };
      await client.text('SwarmUpdate', { query, json: Spec });
      if (!flags.quiet) context.out('Successfully rotated manager unlock key.\n\n');
    }
    const key = await unlockKey(client);
    if (key === '') throw new Failure('no unlock key is set');
    context.out(flags.quiet ? `${key}\n` : await unlockHint(client));
    return 0;
  },
});

interface Settings {
  readonly EncryptionConfig?: { readonly AutoLockManagers?: boolean };
}
