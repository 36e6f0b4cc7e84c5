// The program of `berth cluster demo`: its flags, this machine's clock, and what the demo may do to this machine.
import { flag, flagUsages, parseFlags } from '../cli/grammar/index.ts';
import { instanceOf } from '../daemon/directories.ts';
import { removeLeftovers } from '../daemon/uninstall.ts';
import { play } from '../demo/cluster/index.ts';
import { groupProcesses, observeCgroups } from '../host/cgroup.ts';

const NODES = { least: 3, most: 7, usual: 5 };
const flags = {
  nodes: flag.uint('', `Number of hosts, ${NODES.least} to ${NODES.most} (default ${NODES.usual})`, 64),
} as const;

export async function main(argv: readonly string[]): Promise<number> {
  const { help, error, args, values, changed } = parseFlags(flags, argv);
  if (help) {
    process.stdout.write(
      `Usage:  berth cluster demo [OPTIONS]\n\nMake hosts of network namespaces on this machine, form a cluster of them, run a service, kill a host, roll out a new\nversion, scale, and take everything away; needs root and etcd, and takes a minute or two\n\nOptions:\n${flagUsages(flags, process.stdout.columns ?? 80)}\n`,
    );
    return 0;
  }
  const nodes = changed.has('nodes') ? Number(values.get('nodes')) : NODES.usual;
  const problem =
    error ??
    (args.length > 0 ? '"berth cluster demo" accepts no arguments.' : undefined) ??
    (nodes < NODES.least || nodes > NODES.most ? `--nodes takes ${NODES.least} to ${NODES.most}` : undefined);
  if (problem !== undefined) {
    process.stderr.write(`${problem}\nSee 'berth cluster demo --help'.\n`);
    return 125;
  }
  if (process.getuid?.() !== 0) {
    process.stderr.write(
      'berth cluster demo: it makes network namespaces and needs to be started with root privileges\n',
    );
    return 1;
  }
  const code = await play(nodes, () => performance.now(), {
    program: [process.env['BERTH_NODE'] ?? process.execPath, process.argv[1] ?? ''],
    removeLeftovers,
    killContainers(dataRoot) {
      for (const pid of groupProcesses(observeCgroups(), `/berth/${instanceOf(dataRoot)}`)) kill(pid);
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
