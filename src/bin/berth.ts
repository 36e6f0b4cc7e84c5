// The command `berth`: the client, or the program of this package that the first word names.
import { existsSync } from 'node:fs';
import { main } from '../cli/main.ts';

/** First words that are programs of their own, in files beside this one that export `main(argv)`. */
const PROGRAMS: Readonly<Record<string, string>> = {
  daemon: 'berthd',
  doctor: 'doctor',
  'cluster-demo': 'cluster-demo',
  demo: 'demo',
  hub: 'hub',
  machine: 'machine',
  setup: 'setup',
  uninstall: 'uninstall',
};

async function start(argv: readonly string[]): Promise<void> {
  const isClusterDemo = argv[0] === 'cluster' && argv[1] === 'demo';
  const [first = '', ...rest] = isClusterDemo ? ['cluster-demo', ...argv.slice(2)] : argv;
  // a hub in a container is the client's: it speaks to a daemon
  const isHubContainer = first === 'hub' && ['up', 'down'].includes(rest[0] ?? '');
  const program = Object.hasOwn(PROGRAMS, first) && !isHubContainer ? PROGRAMS[first] : undefined;
  if (program !== undefined) {
    // Sources and bundles lie side by side under the same names.
    const file = new URL(`./${program}${import.meta.url.endsWith('.ts') ? '.ts' : '.mjs'}`, import.meta.url).href;
    if (!existsSync(new URL(file))) {
      process.stderr.write(`berth: ${first} is not part of this build\n`);
      process.exit(1);
    }
    const loaded = (await import(file)) as { main(argv: string[]): Promise<number | undefined> };
    const code = await loaded.main(rest);
    if (typeof code === 'number') process.exitCode = code;
    return;
  }
  const code = await main(argv, {
    env: process.env,
    cwd: process.cwd(),
    hash: (text) => process.getBuiltinModule('crypto').createHash('sha256').update(text).digest('hex'),
    ...(process.getuid?.() === 0 && process.env['BERTH_AUTOSTART'] !== '0'
      ? {
          startDaemon: async (endpoint) =>
            (await import('../cli/autostart.ts')).startDaemon(
              endpoint,
              process.argv[1] ?? '',
              process.env['BERTH_NODE'] ?? process.execPath,
            ),
        }
      : {}),
  });
  // Output was written synchronously, so nothing is lost, and open connections need not close.
  process.exit(code);
}

void start(process.argv.slice(2));
