// Signals to the container, window size to its terminal, and the check that a terminal is one.
import type { Context } from '../../session/context.ts';
import { Failure } from '../../grammar/index.ts';

const PROXIED: readonly NodeJS.Signals[] = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGTERM',
  'SIGCONT',
  'SIGTSTP',
  'SIGTTIN',
  'SIGTTOU',
  'SIGWINCH',
];

/** Every signal that this process gets goes to the container instead. */
export function proxySignals(context: Context, id: string): void {
  for (const signal of PROXIED) {
    process.on(signal, () => {
      void context.client
        .text('ContainerKill', { params: { id }, query: { signal: signal.slice(3) } })
        .catch(() => undefined);
    });
  }
}

/** Throws when a terminal was asked for and stdin is none. */
export function checkTty(context: Context, attachStdin: boolean, tty: boolean): void {
  if (tty && attachStdin && !context.terminal(0)) throw new Failure('the input device is not a TTY');
}

/** Keeps the size of a container's or an exec's terminal that of this one. */
export async function followSize(context: Context, route: 'ContainerResize' | 'ExecResize', id: string): Promise<void> {
  const resize = async (): Promise<boolean> => {
    const [h, w] = context.size();
    if (h === 0 && w === 0) return true;
    return context.client.text(route, { params: { id }, query: { h, w } }).then(
      () => true,
      () => false,
    );
  };
  process.on('SIGWINCH', () => void resize());
  for (let tries = 0; tries < 10; tries++) {
    if (await resize()) return;
    await new Promise((done) => setTimeout(done, 10 * (tries + 1)));
  }
  context.err('failed to resize tty, using default size\n');
}
