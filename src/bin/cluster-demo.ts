// The program of `berth cluster demo`: the demo with this machine's clock, and with what it may do to this machine.
import { createHash } from 'node:crypto';
import { groupProcesses, observeCgroups } from '../host/cgroup.ts';
import { removeLeftovers } from '../daemon/uninstall.ts';
import { main as play } from '../demo/cluster/index.ts';

export async function main(argv: readonly string[]): Promise<number> {
  const code = await play(argv, {
    isRoot: process.getuid?.() === 0,
    clock: () => performance.now(),
    ground: {
      program: [process.env['BERTH_NODE'] ?? process.execPath, process.argv[1] ?? ''],
      removeLeftovers,
      killContainers(dataRoot) {
        const instance = createHash('sha256').update(dataRoot).digest('hex').slice(0, 8);
        for (const pid of groupProcesses(observeCgroups(), `/berth/${instance}`)) kill(pid);
      },
    },
  });
  return process.exit(code);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended meanwhile
  }
}
