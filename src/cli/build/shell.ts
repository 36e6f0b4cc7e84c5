// A shell in what a failed step left, on the terminal of whoever builds. Without a terminal it is told how to get one.
import type { ShellWire } from '../../client/build/index.ts';
import type { Context } from '../session/context.ts';
import { enterRawMode } from '../session/raw-mode.ts';

export async function giveShell(
  context: Context,
  step: { readonly command: string; readonly reason: string },
  wire: ShellWire,
): Promise<void> {
  if (!context.terminal(0) || !context.terminal(1)) {
    context.err(
      `${step.reason}\nThere is no terminal for a shell: build with --on-error=shell in one to look at what the step left.\n`,
    );
    wire.answer({ size: [0, 0] });
    return;
  }
  context.err(`${step.reason}\nA shell in what the step left follows. The build ends when it does: exit.\n`);
  const { stdin } = process;
  const leave = enterRawMode();
  const onData = (data: Buffer): void => {
    stdin.pause();
    void wire.type(data).then(() => stdin.resume());
  };
  const onSize = (): void => wire.answer({ size: context.size() });
  stdin.on('data', onData);
  process.on('SIGWINCH', onSize);
  try {
    wire.answer({ term: context.env['TERM'] ?? 'xterm', size: context.size() });
    for await (const data of wire.shown) context.out(data);
  } catch (error) {
    context.err(
      `There is no shell in what the step left: ${error instanceof Error ? error.message : String(error)}\r\n`,
    );
  } finally {
    process.off('SIGWINCH', onSize);
    stdin.off('data', onData);
    stdin.pause();
    leave();
  }
}
