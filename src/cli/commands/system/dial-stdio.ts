// `system dial-stdio`: the connection to the daemon on stdin and stdout, for ssh.
import { command } from '../../session/context.ts';
import { none } from '../../grammar/index.ts';

export const dialStdio = command({
  use: '',
  description: 'Proxy the stdio stream to the daemon connection. Should not be invoked manually.',
  args: none,
  flags: {},
  async run(context) {
    const wire = await context.client.dial();
    process.stdin.on('data', (chunk: Buffer) => {
      if (wire.socket.write(chunk)) return;
      process.stdin.pause();
      wire.socket.once('drain', () => process.stdin.resume());
    });
    process.stdin.once('end', () => wire.socket.end());
    for (let chunk = await wire.inbox.take(); chunk; chunk = await wire.inbox.take()) context.out(chunk);
    return 0;
  },
});
