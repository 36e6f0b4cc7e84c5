// `berth demo`: plays the scenario against the daemon, step by step, and shows what came of it.
import { messageOf } from '../base/errors.ts';
import { Client, DEFAULT_SOCKET, type Endpoint, parseEndpoint } from '../client/index.ts';
import { EPILOGUE, scenario } from './scenario.ts';
import { Scene } from './scene.ts';

const USAGE = `Usage:  berth demo

Make an image without a registry, run a web server in a container, fetch its page from a second one, and clean up.
The daemon is that of BERTH_HOST, or the one of this machine, which is started when it does not run.
`;

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Tells the names of this run from those of another. */
  readonly run: string;
  /** Milliseconds, from any point on. */
  readonly clock: () => number;
  /** Starts the default daemon in the background; true when it answers. */
  readonly startDaemon?: (endpoint: Endpoint) => Promise<boolean>;
}

/** Plays the demo and prints it; resolves to the exit code. */
export async function main(argv: readonly string[], { env, run, clock, startDaemon }: Surroundings): Promise<number> {
  if (argv.length > 0) {
    const help = argv[0] === '--help' || argv[0] === '-h';
    process[help ? 'stdout' : 'stderr'].write(help ? USAGE : `"berth demo" accepts no arguments\n\n${USAGE}`);
    return help ? 0 : 125;
  }
  // Not DOCKER_HOST: what is shown is Berth, also to a person who uses Docker beside it.
  const host = env['BERTH_HOST'];
  const endpoint = parseEndpoint(host || `unix://${DEFAULT_SOCKET}`);
  const client = new Client(endpoint, host || !startDaemon ? {} : { revive: startDaemon });
  const scene = new Scene(client, run, (line) => say(`     ... ${line}`));
  const interrupted = onInterrupt(scene);
  const begin = clock();
  try {
    for (const [index, { title, play }] of scenario.entries()) {
      const start = clock();
      const shown = await play(scene);
      say(`${String(index + 1).padStart(2)}. ${title} (${Math.round(clock() - start)} ms)`);
      for (const line of shown.trimEnd().split('\n')) say(`    | ${line}`);
    }
  } catch (error) {
    if (!interrupted.aborted) {
      process.stderr.write(`berth demo: ${messageOf(error)}\n"berth doctor" says what this host lacks.\n`);
    }
    return interrupted.aborted ? 130 : 1;
  } finally {
    await cleanUp(scene);
  }
  say(`\nDone in ${((clock() - begin) / 1000).toFixed(1)} s. ${EPILOGUE}`);
  return 0;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Ctrl-C takes the containers away, which ends the step that waits for one of them. */
function onInterrupt(scene: Scene): AbortSignal {
  const abort = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      abort.abort();
      void cleanUp(scene);
    });
  }
  return abort.signal;
}

async function cleanUp(scene: Scene): Promise<void> {
  for (const name of scene.made) {
    await scene.remove(name).catch((error: unknown) => {
      process.stderr.write(`berth demo: ${name} was not removed: ${messageOf(error)}\n`);
    });
  }
}
