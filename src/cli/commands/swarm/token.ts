// `swarm join-token`: what another machine needs to join, and new tokens for old ones.
import type { Client } from '../../../client/index.ts';
import { command } from '../../session/context.ts';
import { exactly, Failure, flag } from '../../grammar/index.ts';

export interface SwarmState {
  readonly Version: { readonly Index: number };
  readonly Spec: object;
  readonly JoinTokens: { readonly Worker: string; readonly Manager: string };
}

export async function joinCommand(client: Client, token: string): Promise<string> {
  const { Swarm } = await client.json<{
    Swarm: { NodeID: string; RemoteManagers: { NodeID: string; Addr: string }[] | null };
  }>('SystemInfo');
  const managers = Swarm.RemoteManagers ?? [];
  const address = (managers.find(({ NodeID }) => NodeID === Swarm.NodeID) ?? managers[0])?.Addr ?? '';
  return `    berth swarm join --token ${token} ${address}`;
}

export const joinToken = command({
  use: '[OPTIONS] (worker|manager)',
  description: 'Manage join tokens',
  args: exactly(1),
  flags: {
    quiet: flag.bool('q', 'Only display token'),
    rotate: flag.bool('', 'Rotate join token'),
  },
  async run(context, { flags, args: [role = ''] }) {
    const { client } = context;
    if (role !== 'worker' && role !== 'manager') throw new Failure(`unknown role ${role}`);
    const before = await client.json<SwarmState>('SwarmInspect');
    if (flags.rotate) {
      await client.text('SwarmUpdate', {
        query: {
          version: before.Version.Index,
          [role === 'worker' ? 'rotateWorkerToken' : 'rotateManagerToken']: true,
        },
        json: before.Spec,
      });
      if (!flags.quiet) context.out(`Successfully rotated ${role} join token.\n\n`);
    }
    const { JoinTokens } = await client.json<SwarmState>('SwarmInspect');
    const token = role === 'worker' ? JoinTokens.Worker : JoinTokens.Manager;
    context.out(
      flags.quiet
        ? `${token}\n`
        : `To add a ${role} to this swarm, run the following command:\n\n${await joinCommand(client, token)}\n\n`,
    );
    return 0;
  },
});
