// Where progress is shown: stdout or stderr, or nowhere.
import type { Context } from '../../session/context.ts';
import type { Display } from '../../progress/index.ts';

export function displayOn(context: Context, fd: 1 | 2 | undefined, onAux?: (aux: unknown) => void): Display {
  const terminal = fd !== undefined && context.terminal(fd);
  return {
    write: fd === undefined ? () => undefined : (text) => context.draw(fd, text),
    terminal,
    width: terminal ? context.size()[1] || 200 : 200,
    ...(onAux ? { onAux } : {}),
  };
}
