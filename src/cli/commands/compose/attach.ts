// `compose attach`: the terminal on a service's running container.
import { atLeast, flag } from '../../grammar/index.ts';
import { attach as attachContainer } from '../container/attach.ts';
import { composeCommand, dryRun } from './command/command.ts';
import { containerOf } from './command/project.ts';

export const attach = composeCommand({
  use: '[OPTIONS] SERVICE',
  description: "Attach local standard input, output, and error streams to a service's running container",
  flags: {
    ...dryRun,
    'detach-keys': flag.string('', 'Override the key sequence for detaching from a container.'),
    index: flag.int('', 'index of the container if service has multiple replicas.'),
    'no-stdin': flag.bool('', 'Do not attach STDIN'),
    'sig-proxy': flag.bool('', 'Proxy all received signals to the process', true),
  },
  args: atLeast(1),
  run: async (context, { flags, args: [service = ''] }) => {
    const { id } = await containerOf(context, service, flags.index);
    const code = await attachContainer.run(context.cli, {
      flags: { 'detach-keys': flags['detach-keys'], 'no-stdin': flags['no-stdin'], 'sig-proxy': flags['sig-proxy'] },
      given: () => false,
      changed: () => false,
      args: [id],
      path: 'docker compose attach',
    });
    return code ?? 0;
  },
});
