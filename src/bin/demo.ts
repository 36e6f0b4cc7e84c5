// The program of `berth demo`: the demo with this machine's clock, and with the daemon that it may start.
import { randomBytes } from 'node:crypto';
import { startDaemon } from '../cli/autostart.ts';
import { main as play } from '../demo/index.ts';

export async function main(argv: readonly string[]): Promise<number> {
  const mayStart = process.getuid?.() === 0 && process.env['BERTH_AUTOSTART'] !== '0';
  const code = await play(argv, {
    env: process.env,
    run: randomBytes(3).toString('hex'),
    clock: () => performance.now(),
    ...(mayStart ? { startDaemon: (endpoint) => startDaemon(endpoint, process.argv[1] ?? '', process.execPath) } : {}),
  });
  // Connections that are kept for a next call must not hold the process.
  return process.exit(code);
}
