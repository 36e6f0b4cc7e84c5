// The commands of compose: names and one-line descriptions. Each is loaded when it is called.
import type { AnyComposeCommand, ComposeNode } from './command.ts';

const leaf = (name: string, short: string, load: () => Promise<AnyComposeCommand>): ComposeNode => ({
  name,
  short,
  load,
});

export const composeTree: ComposeNode = {
  name: 'compose',
  short: 'Define and run multi-container applications with Docker',
  children: [
    leaf(
      'config',
      'Parse, resolve and render compose file in canonical format',
      async () => (await import('./config.ts')).config,
    ),
    leaf('version', 'Show the Docker Compose version information', async () => (await import('./version.ts')).version),
  ],
};
