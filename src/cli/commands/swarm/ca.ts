// `swarm ca`: the certificate that all nodes of the cluster trust.
import { Failure, flag, none } from '../../grammar/index.ts';
import { command } from '../../session/context.ts';

export const ca = command({
  use: '[OPTIONS]',
  description: 'Display the root CA',
  args: none,
  flags: { rotate: flag.bool('', 'Rotate the swarm CA', false, { hidden: true }) },
  async run(context, { flags }) {
    if (flags.rotate) throw new Failure('rotation of the root CA is not implemented yet');
    const { TLSInfo } = await context.client.json<{ TLSInfo: { TrustRoot: string } }>('SwarmInspect');
    context.out(`${TLSInfo.TrustRoot.trim()}\n`);
    return 0;
  },
});
